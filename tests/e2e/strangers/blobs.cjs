// Containers, blobs, SAS tokens and copies with @azure/storage-blob.
"use strict";

const {
  BlobServiceClient,
  ContainerClient,
  BlobSASPermissions,
  SASProtocol,
  StorageSharedKeyCredential,
  generateBlobSASQueryParameters,
} = require("@azure/storage-blob");
const { all, credential, refusal, run } = require("./program.cjs");

run(async ({ account, url, key, otherUrl, otherKey, otherAccount }) => {
  const service = new BlobServiceClient(url, credential());
  const { containerClient: container } = await service.createContainer("javascript");
  const blob = container.getBlockBlobClient("words");
  await blob.uploadData(Buffer.from("words"), {
    metadata: { category: "acr-transfer-blob" },
    blobHTTPHeaders: { blobContentType: "application/x-tar" },
  });
  const inBlocks = container.getBlockBlobClient("blocks");
  await inBlocks.uploadData(Buffer.alloc(5 * 1024 * 1024, "b"), {
    blockSize: 1024 * 1024,
    maxSingleShotSize: 1024,
  });
  const blocks = await inBlocks.getBlockList("committed");

  const starts = new Date(Date.now() - 60_000);
  const expires = new Date(Date.now() + 3_600_000);
  const rights = {
    containerName: "javascript",
    blobName: "words",
    permissions: BlobSASPermissions.parse("r"),
    expiresOn: expires,
    protocol: SASProtocol.Https,
  };
  const bySharedKey = generateBlobSASQueryParameters(
    rights,
    new StorageSharedKeyCredential(account, key),
  );
  const delegated = await service.getUserDelegationKey(starts, expires);
  const byUser = generateBlobSASQueryParameters(rights, delegated, account);
  const read = async (sas) =>
    (
      await new ContainerClient(`${url}/javascript?${sas}`).getBlobClient("words").downloadToBuffer()
    ).toString();

  const texts = { bySharedKey: await read(bySharedKey), byUser: await read(byUser) };

  const other = new BlobServiceClient(
    otherUrl,
    new StorageSharedKeyCredential(otherAccount, otherKey),
  ).getContainerClient("javascript");
  await other.create();
  const source = `${blob.url}?${bySharedKey}`;
  const copying = await other.getBlobClient("copied").beginCopyFromURL(source);
  const copied = await copying.pollUntilDone();
  const fromUrl = await other.getBlockBlobClient("from-url").syncUploadFromURL(source);
  const copy = await other.getBlobClient("copied").getProperties();

  const properties = await blob.getProperties();
  const lease = blob.getBlobLeaseClient();
  await lease.acquireLease(15);
  const leased = await refusal(() => blob.delete());
  await lease.releaseLease();
  await blob.delete();
  return {
    type: properties.contentType,
    metadata: properties.metadata,
    blocks: blocks.committedBlocks.length,
    ...texts,
    copied: copied.copyStatus,
    copy: { metadata: copy.metadata, type: copy.contentType, status: copy.copyStatus },
    fromUrl: fromUrl.etag !== undefined,
    leased,
    names: (await all(container.listBlobsFlat())).map((each) => each.name),
    copiedText: (await other.getBlobClient("copied").downloadToBuffer()).toString(),
    otherNames: (await all(other.listBlobsFlat())).map((each) => each.name),
    missing: await refusal(() => blob.getProperties()),
  };
});
