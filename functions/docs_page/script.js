// Shows the OpenAPI document that this API serves: a menu of operations, and one operation at a time.

const METHODS = ["get", "post", "put", "patch", "delete"];
const byId = (id) => document.getElementById(id);

// An element with attributes and children. Text is only ever set as text.
function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Text of the document: `code` between backticks, and paragraphs between empty lines.
function paragraphs(text) {
  return text.split("\n\n").map((paragraph) =>
    h("p", {}, ...paragraph.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part))));
}

function sentence(text) {
  return text.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part));
}

const api = await load();

async function load() {
  try {
    const answer = await fetch("openapi.json");
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return await answer.json();
  } catch (error) {
    byId("state").textContent = `The document cannot be loaded: ${error.message}.`;
    throw error;
  }
}

function resolve(schema) {
  return schema?.$ref ? schema.$ref.split("/").slice(1).reduce((value, key) => value[key], api) : schema;
}

const operations = Object.entries(api.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({
    ...item[method], method: method.toUpperCase(), path, shared: item.parameters ?? [],
  })));

// The type in words: `text (date-time)`, `list of Address`.
function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(" | ");
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {})}`;
  const name = { string: "text", object: "object", undefined: "any value" }[schema.type] ?? schema.type;
  return schema.format ? `${name} (${schema.format})` : name;
}

const LIMITS = {
  minLength: (n) => `at least ${n} characters`, maxLength: (n) => `at most ${n} characters`,
  minimum: (n) => `${n} or more`, maximum: (n) => `${n} or less`, exclusiveMinimum: (n) => `more than ${n}`,
  minItems: (n) => `at least ${n} entries`, maxItems: (n) => `at most ${n} entries`,
  maxProperties: (n) => `at most ${n} fields`, default: (value) => `${JSON.stringify(value)} if it is absent`,
};

function limitsOf(schema) {
  const parts = [schema, ...(schema.anyOf ?? [])];
  return parts.flatMap((part) => Object.keys(LIMITS).filter((word) => part[word] !== undefined)
    .map((word) => LIMITS[word](part[word]))).join(", ");
}

// The component that a schema leads to, through lists and alternatives.
function inner(schema) {
  if (schema.$ref) return schema.$ref;
  return [schema.items, schema.additionalProperties, ...(schema.anyOf ?? [])].filter((part) => part && part !== true)
    .map(inner).find(Boolean);
}

function field(name, schema, required, description, example, seen) {
  const limits = limitsOf(schema);
  const reference = inner(schema);
  return h("div", { class: "field" },
    h("dt", {}, h("span", { class: "name" }, name), h("span", { class: "type" }, typeOf(schema)),
      required ? h("span", { class: "needed" }, "required") : null),
    h("dd", {}, ...sentence(description ?? ""), limits ? h("div", { class: "type" }, limits) : null,
      example === undefined ? null : h("div", { class: "type" }, "Example: ", h("code", {}, typeof example === "string" ? example : JSON.stringify(example))),
      reference && !seen.includes(reference) ? nested(reference, seen) : null));
}

// The fields of a component, built when it is opened.
function nested(reference, seen) {
  const details = h("details", {}, h("summary", {}, `Fields of ${reference.split("/").at(-1)}`));
  details.addEventListener("toggle", () => {
    if (details.open && !details.dataset.built) details.append(fields({ $ref: reference }, seen));
    details.dataset.built = "yes";
  });
  return details;
}

function fields(schema, seen = []) {
  const component = resolve(schema);
  const path = schema.$ref ? [...seen, schema.$ref] : seen;
  const rows = Object.entries(component.properties ?? {}).map(([name, each]) =>
    field(name, each, component.required?.includes(name), each.description, each.examples?.[0], path));
  return h("dl", {}, ...rows);
}

function parametersOf(operation) {
  const found = [...operation.shared, ...(operation.parameters ?? [])].map(resolve);
  if (!found.length) return [];
  const rows = found.map((each) =>
    field(`${each.name}`, { ...each.schema }, each.required, `${each.description} (${each.in})`, each.example, []));
  return [h("h3", {}, "Parameters"), h("dl", {}, ...rows)];
}

function bodyOf(operation) {
  const content = Object.entries(operation.requestBody?.content ?? {});
  if (!content.length) return [];
  const [, { schema, example }] = content[0];
  return [h("h3", {}, "Body"), h("p", { class: "quiet" }, content.map(([type]) => type).join(" or ")),
    ...(resolve(schema).description ? paragraphs(resolve(schema).description) : []), fields(schema), h("h3", {}, "Example"), json(example)];
}

const json = (value) => h("pre", { tabindex: "0" }, JSON.stringify(value, null, 2));

function answersOf(operation) {
  const rows = Object.entries(operation.responses).map(([status, answer]) => {
    const { description, content } = resolve(answer);
    const [media] = Object.entries(content ?? {});
    const shown = [];
    if (media?.[1].example !== undefined) shown.push(json(media[1].example), fields(media[1].schema));
    for (const { value } of Object.values(media?.[1].examples ?? {})) shown.push(json(value));
    const title = [h("strong", {}, status), " ", ...sentence(description), media ? h("span", { class: "type" }, ` ${media[0]}`) : null];
    return h("div", { class: "answer" }, shown.length ? h("details", {}, h("summary", {}, ...title), ...shown) : h("div", {}, ...title));
  });
  return [h("h3", {}, "Answers"), ...rows];
}

function accessOf(operation) {
  const ways = (operation.security ?? []).flatMap((way) => Object.entries(way));
  if (!ways.length) return h("p", { class: "quiet" }, "Anybody may call this.");
  const names = ways.map(([name, scopes]) => name.replace("_", " ") + (scopes.length ? ` with the scope ${scopes}` : ""));
  return h("p", { class: "quiet" }, `Needs: ${names.join(", or ")}.`);
}

function show(operation) {
  document.title = `${operation.summary} · Clientela API`;
  byId("content").replaceChildren(
    h("h2", {}, operation.summary),
    h("p", {}, h("span", { class: "path" }, `${operation.method} ${operation.path}`)),
    ...paragraphs(operation.description ?? ""), accessOf(operation),
    ...parametersOf(operation), ...bodyOf(operation), ...answersOf(operation));
}

function welcome() {
  document.title = "Clientela API";
  const ways = Object.entries(api.components.securitySchemes).map(([name, scheme]) =>
    h("div", { class: "field" }, h("dt", {}, h("span", { class: "name" }, name)), h("dd", {}, ...sentence(scheme.description))));
  byId("content").replaceChildren(h("h2", {}, api.info.title), ...paragraphs(api.info.description.replace(/(?<!\n)\n(?!\n)/g, " ")),
    h("h3", {}, "Access"), h("dl", {}, ...ways));
}

function menu(wanted) {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = operations.filter((each) => {
    const text = `${each.method} ${each.path} ${each.summary} ${each.operationId} ${each.description}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  byId("found").textContent = words.length ? `${matching.length} of ${operations.length} operations` : `${operations.length} operations`;
  byId("menu").replaceChildren(...api.tags.flatMap(({ name, description }) => {
    const ours = matching.filter((each) => each.tags[0] === name);
    if (!ours.length) return [];
    const items = ours.map((each) => h("li", {}, h("a", { href: `#${each.operationId}` },
      h("span", { class: "method" }, each.method), h("span", {}, each.summary))));
    return [h("h2", { title: description }, name), h("ul", {}, ...items)];
  }));
  mark();
}

function mark() {
  for (const link of byId("menu").querySelectorAll("a")) {
    if (link.hash === location.hash) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function route(moved) {
  const operation = operations.find((each) => each.operationId === location.hash.slice(1));
  if (operation) show(operation);
  else welcome();
  mark();
  if (!moved) return;
  byId("content").focus({ preventScroll: true });
  byId("content").scrollIntoView();
}

byId("version").textContent = `version ${api.info.version}, OpenAPI ${api.openapi}`;
byId("search").addEventListener("input", (event) => menu(event.target.value));
addEventListener("hashchange", () => route(true));
menu("");
route(location.hash !== "");
