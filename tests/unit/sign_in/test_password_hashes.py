"""Hashes of passwords: ours, the accepted ones of others, and what is too dear to look at."""

import base64
import hashlib
import hmac

import argon2
import bcrypt
import pytest

from clientela.sign_in import password_hashes

# Published by those who define the formats: crypt_blowfish's test vectors, passlib's documentation.
PUBLISHED = [
    ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
    ("$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "test12345"),  # phpass's test
    ("$H$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "test12345"),
    ("$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
    ("$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44", "password"),
    ("$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E", "password"),
]
DJANGO = "pbkdf2_sha256$1000$salty$YRl4I2h91ECvGTQHpLqJ//yAHXcZYXlRnvYa91Fc9ws="
STRONGER = argon2.PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)


@pytest.mark.parametrize(("text", "password"), PUBLISHED)
def test_accepted_formats_are_verified(text: str, password: str) -> None:
    assert password_hashes.is_accepted(text)
    assert password_hashes.looks_like_hash(text)
    assert password_hashes.verify(text, password)
    assert not password_hashes.verify(text, password + "x")
    assert not password_hashes.is_own(text)


def test_djangos_hashes_and_stronger_argon2id_are_verified() -> None:
    import base64

    made = base64.b64encode(hashlib.pbkdf2_hmac("sha256", b"hunter2!", b"salty", 1000)).decode()
    text = f"pbkdf2_sha256$1000$salty${made}"
    assert password_hashes.verify(text, "hunter2!")
    assert not password_hashes.verify(text, "hunter2")
    strong = STRONGER.hash("hunter2!")
    assert password_hashes.verify(strong, "hunter2!")
    assert not password_hashes.verify(strong, "hunter2")
    assert not password_hashes.is_own(strong)


def test_ours_has_owasps_parameters_and_a_salt_of_its_own() -> None:
    made = password_hashes.hash_password("correct horse")
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password_hashes.is_own(made)
    assert password_hashes.verify(made, "correct horse")
    assert made != password_hashes.hash_password("correct horse")
    assert not password_hashes.verify(password_hashes.DUMMY, "")
    assert password_hashes.is_own(password_hashes.DUMMY)


def test_composed_and_decomposed_letters_are_one_password() -> None:
    assert password_hashes.verify(password_hashes.hash_password("Zu\u0308rich-2026"), "Z\u00fcrich-2026")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$P$B12345678abcdefghijklmnopqrstu",
        "$P$K12345678abcdefghijklmnopqrstuv",  # 2^22 rounds
        "$P$412345678abcdefghijklmnopqrstuv",
        "$wp$2y$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$wp$P$B12345678abcdefghijklmnopqrstuv",
        "{SHA}W6ph5Mm5Pz8=",
        "$argon2i$v=19$m=19456,t=2,p=1$K4HgskS49wOY7PR+XyAW9Q$C2ViHUtbwTGCMC7TfUilHjhUFzroCrDo9Ax1C29dkSc",
        "$argon2id$v=16$m=19456,t=2,p=1$K4HgskS49wOY7PR+XyAW9Q$C2ViHUtbwTGCMC7TfUilHjhUFzroCrDo9Ax1C29dkSc",
        "$argon2id$v=19$m=99999,t=2,p=1$K4HgskS49wOY7PR+XyAW9Q$C2ViHUtbwTGCMC7TfUilHjhUFzroCrDo9Ax1C29dkSc",
        "$argon2id$v=19$m=65536,t=8,p=1$K4HgskS49wOY7PR+XyAW9Q$C2ViHUtbwTGCMC7TfUilHjhUFzroCrDo9Ax1C29dkSc",
        "$argon2id$v=19$m=19456,t=0,p=1$K4HgskS49wOY7PR+XyAW9Q$C2ViHUtbwTGCMC7TfUilHjhUFzroCrDo9Ax1C29dkSc",
        "$2b$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$03$" + "C" * 53,
        "$2x$05$" + "C" * 53,
        "$scrypt$ln=20,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        "$scrypt$ln=16,r=8,p=9$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        "$scrypt$ln=0,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
        "$scrypt$ln=16,r=1,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",  # N < 2^16r
        "$scrypt$ln=4,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsj",  # no length of base64
        "$2b$05$CCCCCCCCCCCCCCCCCCCCCzE5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",  # more bits of salt than there are
        "pbkdf2_sha256$9000000$salty$YRl4I2h91ECvGTQHpLqJ//yAHXcZYXlRnvYa91Fc9ws=",
        "pbkdf2_sha256$100$salty$YRl4I2h91ECvGTQHpLqJ//yAHXcZYXlRnvYa91Fc9ws=",
        f"{DJANGO}x",
        f"x{DJANGO}",
        DJANGO + "\n",
    ],
)
def test_what_is_not_on_the_list_is_never_looked_at(text: str) -> None:
    assert not password_hashes.is_accepted(text)
    assert not password_hashes.verify(text, "password")


def test_bcrypt_looks_at_72_bytes_as_it_always_has() -> None:
    import bcrypt

    text = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert password_hashes.verify(text, "x" * 100)
    assert not password_hashes.verify(text, "x" * 71 + "y")


def test_hashes_of_wordpress_since_6_8_are_verified() -> None:
    """bcrypt of the base64 of an HMAC, whose key is public, of the trimmed password."""
    mac = hmac.new(b"wp-sha384", "pässword ".strip().encode(), hashlib.sha384).digest()
    text = "$wp" + bcrypt.hashpw(base64.b64encode(mac), bcrypt.gensalt(4)).decode()
    assert password_hashes.is_accepted(text)
    assert password_hashes.verify(text, "pässword")
    assert password_hashes.verify(text, " pässword")
    assert not password_hashes.verify(text, "password")


@pytest.mark.parametrize(
    "text",
    ["5f4dcc3b5aa765d61d8327deb882cf99", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8", "5f4dcc3b5aa765d61d8327deb882cf99:x9",
     "{SSHA}W6ph5Mm5Pz8=", "$5$rounds=5000$abc$def", "sha1$salty$0123456789"],
)  # fmt: skip
def test_hashes_of_other_formats_look_like_hashes(text: str) -> None:
    assert password_hashes.looks_like_hash(text)
    assert not password_hashes.is_accepted(text)


@pytest.mark.parametrize(
    "text", ["hunter2!", "correct horse", "aZ3xQ9bW2kL5mN8pR1tV4y", "$100bills", "{yes}", "12345678"]
)
def test_what_people_choose_does_not_look_like_a_hash(text: str) -> None:
    assert not password_hashes.looks_like_hash(text)
