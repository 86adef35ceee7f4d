// Has Azurite accept SAS tokens as Azure does: with a stored access policy, and of newer versions.
"use strict";

const path = require("path");

const load = (module) => require(path.join(process.env.AZURITE_FOLDER, module));
const Errors = load("errors/StorageErrorFactory").default;
const BlobSAS = load("authentication/BlobSASAuthenticator").default.prototype;
const signatures = load("authentication/IBlobSASSignatureValues");
const { computeHMACSHA256 } = load("../common/utils/utils");

// From this version on, a user delegation SAS signs two more fields before the five response headers:
// request headers and request query, which are empty unless the SAS requires some.
const WITH_SIGNED_REQUEST = "2026-04-06";
const RESPONSE_HEADERS = 5;

const signWithDelegationKey = signatures.generateBlobSASSignatureWithUDK;
signatures.generateBlobSASSignatureWithUDK = function (values, resource, account, key) {
  const signed = signWithDelegationKey(values, resource, account, key);
  if (values.version < WITH_SIGNED_REQUEST) return signed;
  const fields = signed[1].split("\n");
  fields.splice(-RESPONSE_HEADERS, 0, "", "");
  const text = fields.join("\n");
  return [computeHMACSHA256(text, key), text];
};

// Start, expiry and permissions are each in the SAS or in its stored access policy. Azurite takes those of
// the policy alone.

const { validate } = BlobSAS;
BlobSAS.validate = function (request, context) {
  return validate.call(this, request, Object.create(context, { sasRequest: { value: request } }));
};

const FIELDS = { start: "st", expiry: "se", permission: "sp" };

BlobSAS.getContainerAccessPolicyByIdentifier = async function (account, container, id, context) {
  const { containerAcl = [] } = (await this.blobMetadataStore.getContainerACL(context, account, container)) || {};
  const stored = containerAcl.find((policy) => policy.id === id);
  const refused = (detail) => Errors.getAuthenticationFailed(context.contextId, detail);
  if (!stored) throw refused("SAS identifier cannot be found for specified signed identifier");
  const policy = { ...stored.accessPolicy };
  for (const [field, parameter] of Object.entries(FIELDS)) {
    const value = context.sasRequest.getQuery(parameter);
    if (value && policy[field]) {
      throw refused("Access policy fields can be associated with signature or SAS identifier but not both");
    }
    policy[field] ||= value && decodeURIComponent(value);
  }
  for (const field of ["expiry", "permission"]) {
    if (!policy[field]) throw refused(`${FIELDS[field]} is mandatory. Cannot be empty`);
  }
  return policy;
};
