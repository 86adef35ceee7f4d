// Pipelines and runs with @azure/arm-containerregistry 8, the last one that has them. Its default pollers look every
// 30 s, whatever Retry-After says.
"use strict";

const { ContainerRegistryManagementClient } = require("arm-containerregistry-8");
const { credential, refusal, run } = require("./program.cjs");

run(async ({ group, source, target, identity, containerUri, secretUri, artifacts }) => {
  const client = new ContainerRegistryManagementClient(
    credential(),
    process.env.AZURE_SUBSCRIPTION_ID,
  );
  const { exportPipelines, importPipelines, pipelineRuns } = client;
  const identities = { type: "UserAssigned", userAssignedIdentities: { [identity]: {} } };
  const container = { type: "AzureStorageBlobContainer", uri: containerUri, keyVaultUri: secretUri };
  const blob = { type: "AzureStorageBlob", name: "jsblob" };

  const exporter = await exportPipelines.create(group, source, "jsexport", {
    identity: identities,
    target: container,
    options: ["OverwriteBlobs"],
  });
  const importer = await importPipelines.create(group, target, "jsimport", {
    identity: identities,
    source: container,
    trigger: { sourceTrigger: { status: "Disabled" } },
    options: ["OverwriteTags"],
  });
  const [exported, failure] = await Promise.all([
    pipelineRuns.create(group, source, "jsexportrun", {
      request: { pipelineResourceId: exporter.id, artifacts, target: blob },
    }),
    refusal(() =>
      pipelineRuns.create(group, source, "jsfailure", {
        request: { pipelineResourceId: exporter.id, artifacts: ["samples/none:1"], target: blob },
      }),
    ),
  ]);
  const imported = await pipelineRuns.create(group, target, "jsimportrun", {
    request: { pipelineResourceId: importer.id, source: blob },
  });

  const names = async (list) => (await list).map((each) => each.name);
  const all = async () => [
    await names(exportPipelines.list(group, source)),
    await names(importPipelines.list(group, target)),
    await names(pipelineRuns.list(group, source)),
    await names(pipelineRuns.list(group, target)),
  ];
  const before = await all();
  for (const name of before[2]) await pipelineRuns.deleteMethod(group, source, name);
  for (const name of before[3]) await pipelineRuns.deleteMethod(group, target, name);
  await exportPipelines.deleteMethod(group, source, "jsexport");
  await importPipelines.deleteMethod(group, target, "jsimport");
  return {
    exporter,
    importer,
    exported,
    imported,
    failure,
    before,
    after: await all(),
    missing: await refusal(() => exportPipelines.get(group, source, "jsexport")),
  };
});
