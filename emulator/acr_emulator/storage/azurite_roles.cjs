// Has Azurite look at the roles of whoever shows an Entra token, or has signed a SAS with a user delegation key.
"use strict";

const path = require("path");
const { rules } = require("./azurite_rules.cjs");

const { AZURITE_FOLDER } = process.env;
const jsonwebtoken = require(require.resolve("jsonwebtoken", { paths: [AZURITE_FOLDER] }));
const load = (module) => require(path.join(AZURITE_FOLDER, module));
const Errors = load("errors/StorageErrorFactory").default;
const Operation = load("generated/artifacts/operation").default;
const BlobToken = load("authentication/BlobTokenAuthenticator").default.prototype;
const BlobSAS = load("authentication/BlobSASAuthenticator").default.prototype;

/** Refuse an operation whose action none of the principal's roles allows. */
function authorize(principal, { operation, context, contextId }) {
  const { needs, grants } = rules();
  const needed = needs[Operation[operation]];
  if (needed === "") return;
  const granted = grants[principal.toLowerCase()] || {};
  const allowed = [...(granted[""] || []), ...(granted[context.container] || [])];
  if (!allowed.includes(needed)) throw Errors.getAuthorizationPermissionMismatch(contextId);
}

const { authenticateBasic } = BlobToken;
BlobToken.authenticateBasic = async function (token, context) {
  const passed = await authenticateBasic.call(this, token, context);
  if (passed) authorize(jsonwebtoken.decode(token).oid, context);
  return passed;
};

const { validate } = BlobSAS;
BlobSAS.validate = async function (request, context) {
  const passed = await validate.call(this, request, context);
  const signer = request.getQuery("skoid");
  if (passed && signer) authorize(decodeURIComponent(signer), context);
  return passed;
};
