// Repositories, tags, manifests and layers with @azure/container-registry.
"use strict";

const { ContainerRegistryClient, ContainerRegistryContentClient } = require("@azure/container-registry");
const { all, credential, refusal, run } = require("./program.cjs");

const LAYER = "application/vnd.oci.image.layer.v1.tar";
const CONFIGURATION = "application/vnd.oci.image.config.v1+json";

const read = async (stream) => {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
};

run(async ({ endpoint }) => {
  const client = new ContainerRegistryClient(endpoint, credential());
  const content = new ContainerRegistryContentClient(endpoint, "js/made", credential());

  const layer = await content.uploadBlob(Buffer.from("a layer"));
  const configuration = await content.uploadBlob(Buffer.from("{}"));
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: CONFIGURATION, digest: configuration.digest, size: configuration.sizeInBytes },
    layers: [{ mediaType: LAYER, digest: layer.digest, size: layer.sizeInBytes }],
  };
  const set = await content.setManifest(manifest, { tag: "1.0" });
  const got = await content.getManifest("1.0");
  const downloaded = await content.downloadBlob(layer.digest);
  const text = await read(downloaded.content);

  const hello = client.getRepository("samples/hello");
  const properties = await hello.getProperties();
  const manifests = await all(hello.listManifestProperties({ order: "LastUpdatedOnAscending" }));
  const tags = await all(hello.getArtifact("1.0").listTagProperties());
  const locked = await hello
    .getArtifact("1.0")
    .updateTagProperties("1.0", { canWrite: false, canDelete: false });
  const kept = await refusal(() => hello.getArtifact("1.0").deleteTag("1.0"));
  await hello.getArtifact("1.0").updateTagProperties("1.0", { canWrite: true, canDelete: true });
  await hello.getArtifact("1.0").deleteTag("1.0");
  const names = await all(client.listRepositoryNames());
  await client.deleteRepository("js/made");
  return {
    digest: set.digest,
    got: { digest: got.digest, manifest: got.manifest },
    text,
    properties: { name: properties.name, manifestCount: properties.manifestCount },
    manifests: manifests.map((each) => ({ digest: each.digest, tags: each.tags })),
    tags: tags.map((each) => each.name),
    locked: { canWrite: locked.canWrite, canDelete: locked.canDelete },
    kept,
    left: (await all(hello.getArtifact(manifests[0].digest).listTagProperties())).length,
    names,
    after: await all(client.listRepositoryNames()),
    missing: await refusal(() => client.getRepository("js/made").getProperties()),
  };
});
