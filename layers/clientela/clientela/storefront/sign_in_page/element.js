// The element ----------------------------------------------------------------------------------------------------------

function h(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

const EMAIL = { type: "email", name: "email", autocomplete: "email", maxLength: 320, autocapitalize: "none", spellcheck: false };

class SignIn extends HTMLElement {
  #channel = new BroadcastChannel(KEY);
  #link = links();

  async connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    this.returnTo = this.getAttribute("return-to");
    if (this.hasAttribute("hosted")) this.#hosted();
    const wanted = this.lang || navigator.languages.slice(0, 5).join();
    const get = (name) => fetch(new URL(name, HERE), { credentials: "omit" }).then((answer) => (answer.ok ? answer : Promise.reject()));
    try {
      const [page, style] = await Promise.all([get(`settings?language=${encodeURIComponent(wanted)}`), get("style.css")]);
      this.page = await page.json();
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(await style.text());
      root.adoptedStyleSheets = [sheet];
    } catch {
      root.append(h("slot"), h("button", { onclick: () => location.reload() }, "↻ Reload")); // no texts, no language
      return;
    }
    this.style.setProperty("--colour", this.page.colour);
    this.style.setProperty("--ink", this.page.ink);
    this.card = h("section", { lang: this.page.language });
    this.status = h("p", { role: "status", lang: this.page.language });
    root.append(this.card, this.status);
    this.#channel.onmessage = ({ data }) => this.#done(data, {}, true);
    addEventListener("hashchange", () => {
      const link = links();
      if (link) this.#begin(link);
    });
    this.#begin(this.#link);
  }

  #hosted() {
    const query = new URLSearchParams(location.search);
    const trip = fragment("state");
    if (trip) keep(trip, "trip", () => sessionStorage);
    this.returnTo = query.get("return_to");
    this.trip = kept("trip", () => sessionStorage);
  }

  #begin(link) {
    const [id, request] = latest();
    if (link?.token) this.#arrive(link.token);
    else if (link?.email_revert) this.#confirm("email_revert", "revert", { token: link.email_revert }, "reverted");
    else if (link?.email_change) this.#change(link.email_change);
    else if (!this.page.open) this.#show("disabled", "disabled_text");
    else if (request.nonce && !request.done) this.#sent(id);
    else this.#ask();
  }

  #t(key, gaps = {}) {
    const text = this.page.texts[key] ?? this.page.texts.unexpected;
    return text.replace(/\{(\w+)\}/g, (_, name) => gaps[name] ?? this.page[name] ?? "");
  }

  // Replace the view: heading, text and controls. The input gets the focus; without one, the heading.
  #show(heading, text, parts = [], gaps = {}, focus = true) {
    clearInterval(this.clock);
    const level = this.hasAttribute("hosted") ? "h1" : "h2";
    const title = h(level, { tabIndex: -1 }, this.#t(heading, gaps));
    const logo = this.page.logo_url && h("img", { src: this.page.logo_url, alt: this.page.store });
    const header = h("header", null, logo || this.page.store);
    this.card.replaceChildren(header, title, h("p", { id: "text" }, this.#t(text, gaps)), ...parts.filter(Boolean));
    this.status.textContent = "";
    if (!focus) return;
    const input = this.card.querySelector("input");
    (input ?? title).focus();
    // A screen reader reads the focused field only, so the heading is announced separately.
    if (input) setTimeout(() => (this.status.textContent = title.textContent), 100);
  }

  // A form with one field or none: `act` receives the typed text; an error that it throws is shown below the field.
  #form(label, button, act, field, ...more) {
    const error = h("p", { role: "alert", ...(field && { id: "error" }) });
    const input = field && h("input", { id: "field", required: true, "aria-describedby": "error text", ...field });
    const submit = h("button", { type: "submit" }, this.#t(button));
    const onsubmit = async (event) => {
      event.preventDefault();
      if (form.ariaBusy === "true" || submit.ariaDisabled === "true") return;
      form.ariaBusy = "true";
      error.textContent = "";
      await Promise.resolve(input?.value.trim()).then(act).catch((problem) => {
        error.textContent = this.#problem(problem, submit, button);
        input?.setAttribute("aria-invalid", "true");
        (input ?? submit).focus();
      });
      form.ariaBusy = "false";
    };
    const form = h("form", { noValidate: true, onsubmit }, input && h("label", { htmlFor: "field" }, this.#t(label)), input, ...more, error, submit);
    return form;
  }

  #problem({ code = "unexpected", seconds }, button, label) {
    if (seconds) this.#countDown(button, label, seconds);
    const time = seconds > 90 ? `${Math.ceil(seconds / 60)} min` : `${seconds} s`;
    return this.#t(code, { time });
  }

  // Disable the button for some seconds. It keeps the focus, and screen readers do not read out every second.
  #countDown(button, label, seconds) {
    clearInterval(this.clock);
    const end = Date.now() + seconds * 1e3;
    const tick = () => {
      const left = Math.ceil((end - Date.now()) / 1e3);
      button.ariaDisabled = String(left > 0);
      button.textContent = this.#t(label) + (left > 90 ? ` (${Math.ceil(left / 60)} min)` : left > 0 ? ` (${left} s)` : "");
      if (left <= 0) clearInterval(this.clock);
    };
    this.clock = setInterval(tick, 1e3);
    tick();
  }

  #minor(label, onclick) {
    return h("button", { type: "button", className: "link", onclick }, this.#t(label));
  }

  #ask(heading = "title", text = "intro", focus = false) {
    const other = this.page.password && !this.trip?.state && this.#minor("use_password", () => this.#askPassword());
    this.#show(heading, text, [this.#form("email", "send", (email) => this.#send(this.#valid(email)), EMAIL), other], {}, focus);
  }

  #valid(email) {
    const input = this.card.querySelector("input");
    input.value = email.replace(/\p{Cf}/gu, "").trim(); // pasted marks that nobody sees
    if (!input.value || !input.validity.valid) throw { code: "email_invalid" };
    return input.value;
  }

  #askPassword() {
    const password = h("input", { id: "password", type: "password", autocomplete: "current-password", required: true });
    const label = h("label", { htmlFor: "password" }, this.#t("password"));
    const act = (email) => {
      const proof = { email: this.#valid(email), password: password.value };
      if (!proof.password) throw { code: "credentials_wrong" };
      return this.#open(proof, random());
    };
    const form = this.#form("email", "enter", act, { ...EMAIL, autocomplete: "username" }, label, password);
    this.#show("title", "password_text", [form, this.#minor("use_link", () => this.#ask("title", "intro", true))]);
  }

  async #send(email) {
    const wanted = { email, language: this.page.language, ...(this.returnTo && { return_to: this.returnTo }) };
    const answer = await post("login-links", wanted).catch((problem) => {
      throw problem.code === "invalid_input" ? { code: "email_invalid" } : problem;
    });
    const { state, attempt = random() } = this.trip ?? {};
    keep({ ...requests(), [answer.request_id]: { email, nonce: answer.nonce, attempt, state, at: Date.now() } });
    this.#sent(answer.request_id, answer.resend_after);
  }

  // "Check your inbox". The code works here and in any other browser.
  #sent(id, seconds) {
    const { email, attempt, at } = requests()[id];
    const again = this.#form("", "resend", () => this.#send(email));
    again.className = "again";
    const code = this.#code((typed) => this.#open({ request_id: id, code: typed }, attempt));
    this.#show("sent", "sent_text", [code, again, this.#minor("change", () => this.#ask("title", "intro", true))], { email });
    this.#countDown(again.lastChild, "resend", (seconds ?? 60) - (Date.now() - at) / 1e3);
  }

  #code(act) {
    const field = { inputMode: "numeric", autocomplete: "one-time-code", maxLength: 400, name: "code", className: "code" };
    return this.#form("code", "enter", (typed) => {
      const codes = codesIn(typed);
      if (codes.size !== 1) throw { code: "code_invalid" };
      return act(...codes);
    }, field);
  }

  // The link of a mail. Only the requesting browser has the nonce to sign in with. Any other browser reports the visit,
  // which opens no session, and asks for the code. So a mail scanner that runs this page does not use the link up.
  async #arrive(token) {
    const id = token.split(".")[0];
    const { nonce, attempt = random(), email = latest()[1].email } = requests()[id] ?? {};
    this.#show("checking", "checking_text");
    try {
      await (nonce ? this.#open({ token, nonce }, attempt) : post("sessions", { token }));
    } catch (problem) {
      if (LINK_CODES.includes(problem.code)) this.#refused(problem.code, email);
      else if (["offline", "busy", "too_many_requests", "unexpected"].includes(problem.code)) this.#stuck(problem, token);
      else if (this.page.texts[problem.code]) this.#show("title", problem.code);
      else this.#show("other", "other_text", [this.#code((code) => this.#open({ token, code }, attempt)), this.#minor("change", () => this.#ask("title", "intro", true))]);
    }
  }

  #stuck(problem, token) {
    const retry = this.#form("", "retry", () => this.#arrive(token));
    this.#show("title", "retry_text", [retry]);
    retry.querySelector("#error").textContent = this.#problem(problem, retry.lastChild, "retry");
  }

  // If the address is known, one tap sends a new mail.
  #refused(code, email) {
    if (!email) return this.#ask(code, `${code}_text`, true);
    const again = this.#form("", "resend", () => this.#send(email));
    const parts = [h("p", null, this.#t("resend_to", { email })), again, this.#minor("change", () => this.#ask("title", "intro", true))];
    this.#show(code, `${code}_text`, parts);
  }

  // Confirm a new address with the session cookie. A storefront that keeps a token handles the event instead.
  #change(token) {
    const detail = { token };
    const event = new CustomEvent("clientela:email-change", { detail, bubbles: true, composed: true, cancelable: true });
    if (this.dispatchEvent(event)) this.#confirm("email_change", "confirm", { token, cookie: true }, "changed");
  }

  // Nothing happens until the button is pressed, because mail scanners run this page, too.
  #confirm(kind, step, { cookie, ...body }, then) {
    const act = async () => {
      await post(`account/email-change/${step}`, body, null, cookie);
      this.#show(then, `${then}_text`, [this.#minor("continue", () => this.#ask("title", "intro", true))]);
    };
    this.#show(kind, `${kind}_text`, [this.#form("", step, act)]);
  }

  async #open(proof, attempt) {
    try {
      const opened = await open(proof, attempt, this.hasAttribute("cookie"));
      this.#channel.postMessage(opened);
      this.#done(opened, proof);
    } catch (problem) {
      if (proof.code && LINK_CODES.includes(problem.code)) return this.#refused(problem.code, latest()[1].email);
      throw problem;
    }
  }

  #done(opened, proof, elsewhere = false) {
    const all = requests();
    const { state } = all[proof.request_id ?? proof.token?.split(".")[0]] ?? {};
    for (const one of Object.values(all)) one.done = true;
    keep(all);
    const detail = { ...opened, elsewhere };
    const event = new CustomEvent("clientela:signed-in", { detail, bubbles: true, composed: true, cancelable: true });
    const to = this.#destination(opened.return_to);
    const goes = this.dispatchEvent(event) && to && !elsewhere;
    this.#show("done", elsewhere ? "done_elsewhere" : "done_text", to ? [h("a", { href: to, className: "button" }, this.#t("continue"))] : []);
    if (!goes) return;
    if (state) to.hash = new URLSearchParams({ clientela: state, ...proof });
    location.assign(to);
  }

  // Check again that it is a page of the store, as the API has done.
  #destination(returnTo) {
    const hosted = this.hasAttribute("hosted");
    const base = hosted ? (this.page.home ?? undefined) : location.href;
    const wanted = returnTo ?? (hosted ? this.page.home : null);
    if (!wanted || !URL.canParse(wanted, base)) return null;
    const url = new URL(wanted, base);
    return this.page.origins.includes(url.origin) || (!hosted && url.origin === location.origin) ? url : null;
  }
}

customElements.define("clientela-sign-in", SignIn);
