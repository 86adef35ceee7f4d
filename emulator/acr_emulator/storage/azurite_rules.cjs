// Has Azurite refuse what Azure refuses: by rules that Resource Manager set, and for archived blobs.
"use strict";

const fs = require("fs");
const path = require("path");

const { AZURITE_FOLDER, AZURITE_RULES } = process.env;
const load = (module) => require(path.join(AZURITE_FOLDER, module));
const Errors = load("errors/StorageErrorFactory").default;
const StorageError = load("errors/StorageError").default;
const [Blob, BlockBlob, AppendBlob, PageBlob, Container] = ["Blob", "BlockBlob", "AppendBlob", "PageBlob", "Container"].map(
  (kind) => load(`handlers/${kind}Handler`).default.prototype,
);

const DAY = 24 * 60 * 60 * 1000;

/** What Resource Manager says of the account: written anew with every change. */
function rules() {
  return JSON.parse(fs.readFileSync(AZURITE_RULES, "utf8"));
}

/** Call `check` before a handler's operation. Its last argument is the context. */
function guard(handler, operations, check) {
  for (const name of operations) {
    const operation = handler[name];
    handler[name] = async function (...args) {
      await check(this.metadataStore, args[args.length - 1]);
      return operation.apply(this, args);
    };
  }
}

async function existing(store, context) {
  const { account, container, blob } = context.context;
  const found = await store.getBlob(context, account, container, blob);
  return found && found.isCommitted ? found : undefined;
}

// Legal holds and time-based retention of a container.

async function refuseImmutable(store, context) {
  const rule = rules().containers[context.context.container];
  if (!rule) return;
  const blob = await existing(store, context);
  if (!blob) return;
  if (rule.legal_hold) {
    const reason = "This operation is not permitted as the blob is immutable due to one or more legal holds.";
    throw new StorageError(409, "BlobImmutableDueToLegalHold", reason, context.contextId);
  }
  if (Date.now() < new Date(blob.properties.creationTime).getTime() + rule.days * DAY) {
    const reason = "This operation is not permitted as the blob is immutable due to a policy.";
    throw new StorageError(409, "BlobImmutableDueToPolicy", reason, context.contextId);
  }
}

guard(Blob, ["delete", "setHTTPHeaders", "setMetadata", "startCopyFromURL", "copyFromURL"], refuseImmutable);
guard(BlockBlob, ["upload", "putBlobFromUrl", "commitBlockList"], refuseImmutable);
guard(AppendBlob, ["create", "appendBlock", "appendBlockFromUrl", "seal"], refuseImmutable);
guard(
  PageBlob,
  ["create", "uploadPages", "uploadPagesFromURL", "clearPages", "resize", "updateSequenceNumber"],
  refuseImmutable,
);

async function refuseHeld(store, context) {
  const { account, container } = context.context;
  const rule = rules().containers[container];
  if (!rule) return;
  const [blobs] = await store.listBlobs(context, account, container, undefined, undefined, "", 1, "", true, false);
  if (rule.legal_hold || blobs.length) {
    const reason = "The container is protected from deletion due to a legal hold or an immutability policy.";
    throw new StorageError(409, "ContainerProtectedFromDeletion", reason, context.contextId);
  }
}

guard(Container, ["delete"], refuseHeld);

// An archived blob can be listed, deleted and moved to another tier, but not changed.

async function refuseArchived(store, context) {
  const blob = await existing(store, context);
  if (blob && blob.properties.accessTier === "Archive") throw Errors.getBlobArchived(context.contextId);
}

guard(Blob, ["setHTTPHeaders", "setMetadata", "createSnapshot"], refuseArchived);

// What types of blobs an account has goes by its kind and performance.

function refuseType(supported, name) {
  return async (_, context) => {
    if (rules().blob_types.includes(supported)) return;
    throw new StorageError(400, "BlobTypeNotSupported", `${name} are not supported.`, context.contextId);
  };
}

guard(BlockBlob, ["upload", "putBlobFromUrl", "stageBlock", "stageBlockFromURL", "commitBlockList"], refuseType("BlockBlob", "Block blobs"));
guard(AppendBlob, ["create"], refuseType("AppendBlob", "Append blobs"));
guard(PageBlob, ["create"], refuseType("PageBlob", "Page blobs"));

module.exports = { rules };
