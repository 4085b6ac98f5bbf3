// <clientela-sign-in>: a store's sign-in by a link or a code sent by e-mail. How to use it: docs/sign-in-page.md.
// The URL of this file names the store and its API: …/v1/stores/<store>/sign-in/script.js.

const HERE = new URL(".", import.meta.url);
const API = new URL("..", HERE);
const NONCE_MS = 15 * 60e3; // longer than a link is valid; the API checks the exact expiry
const EMAIL_MS = 24 * 3600e3; // so that one tap sends a new mail
const LINK_CODES = ["link_expired", "link_used", "link_unknown"];

// Requests that this browser made: { <request_id>: { email, nonce, attempt, at, done } } --------------

const KEY = `clientela:${API.pathname}`;
const memory = {}; // for browsers that block storage

function kept(kind = "requests", box = () => localStorage) {
  try {
    return JSON.parse(box().getItem(`${KEY}${kind}`)) ?? {};
  } catch {
    return memory[kind] ?? {};
  }
}

function keep(value, kind = "requests", box = () => localStorage) {
  memory[kind] = value;
  try {
    box().setItem(`${KEY}${kind}`, JSON.stringify(value));
  } catch {}
}

function requests() {
  const all = Object.entries(kept()).filter(([, one]) => Date.now() - one.at < EMAIL_MS);
  for (const [, one] of all) if (Date.now() - one.at > NONCE_MS) delete one.nonce;
  return Object.fromEntries(all);
}

const latest = () => Object.entries(requests()).sort(([, a], [, b]) => b.at - a.at)[0] ?? [null, {}];
const random = () => Array.from(crypto.getRandomValues(new Uint8Array(24)), (n) => n.toString(36).padStart(2, 0)).join("");

// The API: each call returns the response, or throws { code, seconds } -----------------------------------------------------

async function post(path, body, attempt, cookie = body.cookie) {
  const headers = { "Content-Type": "application/json", ...(attempt && { "Idempotency-Key": attempt }) };
  const credentials = cookie ? "include" : "omit";
  const sent = { method: "POST", headers, credentials, body: JSON.stringify(body), signal: AbortSignal.timeout(20e3) };
  const answer = await fetch(new URL(path, API), sent).catch(() => { throw { code: "offline" }; });
  const document = await answer.json().catch(() => ({}));
  if (answer.ok) return document;
  throw { code: document.code ?? "unexpected", seconds: Number(answer.headers.get("Retry-After")) };
}

// A response may get lost: a repeated request with the same key opens the same session, not a second one.
async function openOnce(body, attempt) {
  for (const wait of [1e3, 3e3]) {
    try {
      return await post("sessions", body, attempt);
    } catch (problem) {
      if (!["offline", "busy"].includes(problem.code)) throw problem;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
  return post("sessions", body, attempt);
}

// Open the session by cookie; if the browser does not keep the cookie, request the same session with a token.
async function open(proof, attempt, cookie) {
  if (cookie) {
    const opened = await openOnce({ ...proof, cookie }, attempt).catch((problem) => {
      if (problem.code !== "origin_not_allowed") throw problem;
    });
    const account = opened && (await fetch(new URL("account", API), { credentials: "include" }).catch(() => null));
    if (account?.ok) return opened;
  }
  return openOnce(proof, attempt);
}

// The codes in a typed text or a pasted line of the mail, as the API reads them: 123456, 123 456, 1 2 3 4 5 6.
function codesIn(typed) {
  const codes = new Set();
  for (const run of typed.normalize("NFKC").match(/\p{Nd}(?:[^\p{L}\p{N}]*\p{Nd})*/gu) ?? []) {
    const numbers = run.match(/\p{Nd}+/gu);
    const halves = numbers.filter((number) => [...number].length === 3);
    const pairs = halves.length % 2 ? [] : halves.map((half, n) => (n % 2 ? halves[n - 1] + half : ""));
    for (const code of [...numbers, ...pairs, numbers.join("")]) if ([...code].length === 6) codes.add(code);
  }
  return codes;
}

// Return the values in the fragment, and first remove it from the address bar and the history.
function fragment(name) {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (!given[name]) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  return given;
}

// The links of our mails: sign in, prove a new address, revert a change of address.
const links = () => fragment("token") ?? fragment("email_change") ?? fragment("email_revert");

// For storefronts without a sign-in page: to the hosted page and back ---------------------------------------------------

// Go to the hosted page, which returns to `returnTo`, a page of one of the store's origins.
export function signIn(returnTo = location.href) {
  const trip = { state: random(), attempt: random(), at: Date.now() };
  keep(trip, "trip");
  const page = new URL(HERE.href.slice(0, -1));
  page.searchParams.set("return_to", returnTo.split("#")[0]);
  page.hash = new URLSearchParams({ state: trip.state, attempt: trip.attempt });
  location.assign(page);
}

// Return the session that the hosted page opened, once, or null. Only if this browser started the trip.
export async function signedIn() {
  const { clientela, ...proof } = fragment("clientela") ?? {};
  const trip = kept("trip");
  if (!clientela || clientela !== trip.state || Date.now() - trip.at > NONCE_MS) return null;
  keep({}, "trip");
  return open(proof, trip.attempt);
}
