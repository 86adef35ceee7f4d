// Gives Azurite the operations that take their content from a URL, also of another account.
//
// Azurite copies within one process only, and each account here is a process. The caller of an
// operation is authorized by Azurite, as always, before a handler is called.
"use strict";

const crypto = require("crypto");
const path = require("path");
const { unreachable, withSource } = require("./azurite_source.cjs");

const load = (module) => require(path.join(process.env.AZURITE_FOLDER, module));
const Errors = load("errors/StorageErrorFactory").default;
const NotImplementedError = load("errors/NotImplementedError").default;
const Operation = load("generated/artifacts/operation").default;
const { BLOB_API_VERSION } = load("utils/constants");
const { getTagsFromString } = load("utils/utils");
const { convertRawHeadersToMetadata, newEtag } = load("../common/utils/utils");
const [Blob, BlockBlob, AppendBlob, PageBlob] = ["Blob", "BlockBlob", "AppendBlob", "PageBlob"].map(
  (kind) => load(`handlers/${kind}Handler`).default.prototype,
);

// Put Blob From URL, Put Block From URL, Append Block From URL, Put Page From URL: what Azurite does
// with the body of a request, done with the source.

BlockBlob.putBlobFromUrl = function (_, source, options, context) {
  return read(source, options, context, ({ headers, length, body }) => {
    if (options.copySourceBlobProperties !== false) {
      for (const [name, value] of Object.entries(propertiesIn(headers))) {
        options.blobHTTPHeaders[`blob${name[0].toUpperCase()}${name.slice(1)}`] ??= value;
      }
    }
    return this.upload(body, length, options, context);
  });
};

BlockBlob.stageBlockFromURL = function (blockId, _, source, options, context) {
  return read(source, options, context, ({ length, body }) =>
    this.stageBlock(blockId, length, body, options, context),
  );
};

AppendBlob.appendBlockFromUrl = function (source, _, options, context) {
  return read(source, options, context, ({ length, body }) => this.appendBlock(body, length, options, context));
};

PageBlob.uploadPagesFromURL = function (source, sourceRange, _length, _range, options, context) {
  return read(source, { ...options, sourceRange }, context, ({ length, body }) =>
    this.uploadPages(body, length, options, context),
  );
};

function read(source, options, context, store) {
  // The tags of the source would take another request to it.
  if (options.copySourceTags === "COPY") throw new NotImplementedError(context.contextId);
  return withSource(context, Blob.NewUriFromCopySource(source, context), options, store);
}

function propertiesIn(headers) {
  return {
    contentType: headers["content-type"],
    contentEncoding: headers["content-encoding"],
    contentLanguage: headers["content-language"],
    contentDisposition: headers["content-disposition"],
    cacheControl: headers["cache-control"],
  };
}

// Azurite has no rule for what a SAS must allow for these: as much as for the same with a body.

const WITH_BODY = new Map([
  [Operation.BlockBlob_PutBlobFromUrl, Operation.BlockBlob_Upload],
  [Operation.BlockBlob_StageBlockFromURL, Operation.BlockBlob_StageBlock],
  [Operation.AppendBlob_AppendBlockFromUrl, Operation.AppendBlob_AppendBlock],
  [Operation.PageBlob_UploadPagesFromURL, Operation.PageBlob_UploadPages],
]);
for (const name of ["AccountSASAuthenticator", "BlobSASAuthenticator"]) {
  const authenticator = load(`authentication/${name}`).default.prototype;
  const { validate } = authenticator;
  authenticator.validate = function (request, context) {
    const operation = WITH_BODY.get(context.operation) ?? context.operation;
    return validate.call(this, request, Object.create(context, { operation: { value: operation } }));
  };
}

// Copy Blob and Copy Blob From URL: the copy is a blob of the source's type, with its properties.

for (const operation of ["startCopyFromURL", "copyFromURL"]) {
  const copyByReference = Blob[operation];
  Blob[operation] = async function (source, options, context) {
    const url = this.NewUriFromCopySource(source, context);
    if (isCallersOwn(url, context.request)) return copyByReference.call(this, source, options, context);
    return read(source, options, context, (opened) => copy(this, url, opened, options, context));
  };
}

/** Whether the authorization of the request covers the source, too. */
function isCallersOwn(url, request) {
  return (
    url.host === request.getHeader("host") &&
    !url.searchParams.has("sig") &&
    request.getHeader("authorization") !== undefined &&
    request.getHeader("x-ms-copy-source-authorization") === undefined
  );
}

// Azurite would look for the source in the network.
Blob.validateCopySource = async (_source, _account, context) => {
  throw unreachable(context);
};

async function copy({ metadataStore, extentStore }, url, source, options, context) {
  const { headers, length } = source;
  const { account, container, blob: name } = context.context;
  const { contextId, startTime: now } = context;
  const md5 = headers["x-ms-blob-content-md5"]; // Content-MD5 is computed where the blob has none
  const blobType = headers["x-ms-blob-type"] || "BlockBlob"; // not every source is a blob
  const tier = tierOf(metadataStore, blobType, options.tier, context);
  await metadataStore.checkContainerExist(context, account, container);
  const extent = await extentStore.appendExtent(source.body, contextId);
  const properties = {
    ...propertiesIn(headers),
    ...tier,
    contentLength: length,
    contentMD5: md5 && Buffer.from(md5, "base64"),
    creationTime: now,
    lastModified: now,
    etag: newEtag(),
    blobType,
    leaseStatus: "unlocked",
    leaseState: "available",
    serverEncrypted: true,
    copyId: crypto.randomUUID(),
    copyStatus: "success",
    copySource: `${url.origin}${url.pathname}`, // without its SAS: whoever reads the copy sees this
    copyProgress: `${length}/${length}`,
    copyCompletionTime: now,
  };
  const blob = {
    accountName: account,
    containerName: container,
    name,
    snapshot: "",
    deleted: false,
    isCommitted: true,
    metadata:
      convertRawHeadersToMetadata(context.request.getRawHeaders(), contextId) ||
      convertRawHeadersToMetadata(source.rawHeaders, contextId),
    blobTags: options.blobTagsString && getTagsFromString(options.blobTagsString, contextId),
    properties,
  };
  hold[blobType](blob, extent, headers);
  await metadataStore.createBlob(context, blob, options.leaseAccessConditions, options.modifiedAccessConditions);
  const { etag: eTag, copyId, copyStatus, contentMD5 } = properties;
  const times = { lastModified: now, date: now };
  const ids = { requestId: contextId, clientRequestId: options.requestId, version: BLOB_API_VERSION };
  return { statusCode: 202, eTag, copyId, copyStatus, contentMD5, ...times, ...ids };
}

function tierOf(metadataStore, blobType, wanted, context) {
  if (blobType !== "BlockBlob" && wanted === undefined) return {};
  const accessTier = blobType === "BlockBlob" ? metadataStore.parseTier(wanted || "Hot") : undefined;
  if (accessTier) return { accessTier, accessTierInferred: !wanted, accessTierChangeTime: context.startTime };
  throw Errors.getInvalidHeaderValue(context.contextId, { HeaderName: "x-ms-access-tier", HeaderValue: wanted });
}

/** How Azurite holds the content of each type of blob. */
const hold = {
  BlockBlob(blob, extent) {
    blob.persistency = extent;
  },
  AppendBlob(blob, extent) {
    blob.committedBlocksInOrder = extent.count ? [{ name: "", size: extent.count, persistency: extent }] : [];
    blob.properties.isSealed = false;
  },
  PageBlob(blob, extent, headers) {
    blob.pageRangesInOrder = extent.count ? [{ start: 0, end: extent.count - 1, persistency: extent }] : [];
    blob.properties.blobSequenceNumber = Number(headers["x-ms-blob-sequence-number"]);
  },
};
