// Loaded into Azurite before anything else.
"use strict";

// Node's streams stop and go at 16 KiB, for each a call to the disk. With more, Azurite takes a
// fifth less of the processor for an upload (benchmarks/README.md). Older versions cannot be told.
const stream = require("stream");
if (stream.setDefaultHighWaterMark) stream.setDefaultHighWaterMark(false, 256 * 1024);

// It looks at issuer, audience and times of an Entra token, and takes the signature for granted.
const { AZURITE_FOLDER, AZURITE_TOKEN_KEY, AZURITE_TOKEN_ISSUER, AZURITE_TOKEN_TENANT } = process.env;
const jsonwebtoken = require(require.resolve("jsonwebtoken", { paths: [AZURITE_FOLDER] }));
jsonwebtoken.decode = (token) => {
  const trusted = { algorithms: ["RS256"], issuer: AZURITE_TOKEN_ISSUER };
  const claims = jsonwebtoken.verify(token, AZURITE_TOKEN_KEY, trusted);
  if (claims.tid !== AZURITE_TOKEN_TENANT) throw new Error("a token of another tenant");
  return claims;
};

require("./azurite_unused.cjs");
require("./azurite_blocks.cjs");
require("./azurite_copies.cjs");
require("./azurite_sas.cjs");
require("./azurite_rules.cjs");
require("./azurite_roles.cjs");
