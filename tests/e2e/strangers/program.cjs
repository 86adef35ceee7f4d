// What all programs of this folder do: read an object from the first argument, print the answer as JSON.
"use strict";

const { ClientSecretCredential } = require("@azure/identity");

/** The service principal of the environment. */
exports.credential = () =>
  new ClientSecretCredential(
    process.env.AZURE_TENANT_ID,
    process.env.AZURE_CLIENT_ID,
    process.env.AZURE_CLIENT_SECRET,
  );

/** All items of a paged list. */
exports.all = async (pages) => {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
};

/** The status and code of the error that a call ends with. */
exports.refusal = async (call) => {
  try {
    await call();
  } catch (error) {
    return { status: error.statusCode, code: error.code ?? error.details?.errorCode };
  }
  throw new Error("The call wasn't refused.");
};

/** Run a program. */
exports.run = async (program) => {
  const answer = await program(JSON.parse(process.argv[2]));
  process.stdout.write(JSON.stringify(answer));
};
