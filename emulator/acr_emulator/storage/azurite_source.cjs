// Reads the source of a copy for Azurite, from the URL that a request names.
//
// The only way there is the emulator's proxy, which leads to the emulator's hosts and nowhere else. The
// source's own server decides whether the reader may have it: by the SAS in the URL, or by a token.
"use strict";

const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const https = require("https");
const path = require("path");
const stream = require("stream");
const tls = require("tls");

const { AZURITE_FOLDER, AZURITE_CA_FILE, AZURITE_PROXY_PORT } = process.env;
const load = (module) => require(path.join(AZURITE_FOLDER, module));
const Errors = load("errors/StorageErrorFactory").default;
const StorageError = load("errors/StorageError").default;
const { parseXML } = load("generated/utils/xml");

const ca = fs.readFileSync(AZURITE_CA_FILE);
const CONDITIONS = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];
const LONGEST_ERROR = 64 * 1024;
const UNREACHABLE = "Could not verify the copy source within the specified time.";

/** Call `store` with the source: its headers, its length, and its body as a stream. */
async function withSource(context, url, options, store) {
  const answer = await get(url, headersFor(context.request, options.sourceRange)).catch(() => {
    throw unreachable(context);
  });
  try {
    if (![200, 206].includes(answer.statusCode)) throw await refusal(context, answer);
    const length = Number(answer.headers["content-length"]);
    const body = stream.Readable.from(checked(context, answer, length, options.sourceContentMD5), {
      objectMode: false,
    });
    return await store({ headers: answer.headers, rawHeaders: answer.rawHeaders, length, body });
  } finally {
    answer.destroy();
  }
}

/** The answer to a GET; redirects are not followed. */
async function get(url, headers) {
  if (url.protocol !== "https:" || url.port) throw new Error(`${url.origin} is not imitated.`);
  const socket = await connect(url.hostname);
  const createConnection = () => tls.connect({ socket, ca, servername: url.hostname });
  return new Promise((resolve, reject) => {
    https.get(url, { headers, createConnection }, resolve).on("error", reject);
  });
}

function connect(host) {
  const proxy = { host: "127.0.0.1", port: AZURITE_PROXY_PORT };
  return new Promise((resolve, reject) => {
    http
      .request({ ...proxy, method: "CONNECT", path: `${host}:443`, agent: false })
      .on("connect", ({ statusCode }, socket) => {
        if (statusCode === 200) return resolve(socket);
        socket.destroy();
        reject(new Error(`${host} is not imitated.`));
      })
      .on("error", reject)
      .end();
  });
}

function headersFor(request, range) {
  const headers = {
    authorization: request.getHeader("x-ms-copy-source-authorization"),
    "x-ms-if-tags": request.getHeader("x-ms-source-if-tags"),
    "x-ms-range": range,
    "x-ms-version": request.getHeader("x-ms-version"),
  };
  for (const name of CONDITIONS) headers[name] = request.getHeader(`x-ms-source-${name}`);
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}

/** The bytes of the source; at their end an error if they are not those that the request wants. */
async function* checked(context, answer, length, md5) {
  const hash = crypto.createHash("md5");
  let count = 0;
  try {
    for await (const chunk of answer) {
      hash.update(chunk);
      count += chunk.length;
      yield chunk;
    }
  } catch {
    throw unreachable(context);
  }
  if (count !== length) throw unreachable(context);
  const wanted = md5 && Buffer.from(md5).toString("base64");
  const actual = hash.digest("base64");
  if (wanted && wanted !== actual) throw Errors.getMd5Mismatch(context.contextId, wanted, actual);
}

/** The error for a source that answers with one: a condition that is not met, or its own refusal. */
async function refusal(context, answer) {
  const { contextId } = context;
  const { statusCode } = answer;
  if ([304, 412].includes(statusCode)) {
    const message = "The source condition specified using HTTP conditional header(s) is not met.";
    return new StorageError(412, "SourceConditionNotMet", message, contextId);
  }
  const { Code, Message } = (await errorIn(answer)) || {};
  if (!Code || !Message) return Errors.getCannotVerifyCopySource(contextId, statusCode, UNREACHABLE);
  const message = Message.split("\n")[0];
  const error = Errors.getCannotVerifyCopySource(contextId, statusCode, message, {
    CopySourceStatusCode: `${statusCode}`,
    CopySourceErrorCode: Code,
    CopySourceErrorMessage: message,
  });
  error.headers["x-ms-copy-source-status-code"] = `${statusCode}`;
  error.headers["x-ms-copy-source-error-code"] = Code;
  return error;
}

/** The XML of an answer as an object; null if it has none. */
async function errorIn(answer) {
  let text = "";
  for await (const chunk of answer) {
    text += chunk;
    if (text.length > LONGEST_ERROR) return null;
  }
  return parseXML(text).catch(() => null);
}

function unreachable(context) {
  return Errors.getCannotVerifyCopySource(context.contextId, 500, UNREACHABLE);
}

module.exports = { unreachable, withSource };
