// Registries with the newest @azure/arm-containerregistry.
"use strict";

const { ContainerRegistryManagementClient } = require("@azure/arm-containerregistry");
const { all, credential, refusal, run } = require("./program.cjs");

run(async ({ group, registry }) => {
  const client = new ContainerRegistryManagementClient(
    credential(),
    process.env.AZURE_SUBSCRIPTION_ID,
  );
  const { registries } = client;
  const name = { name: registry, type: "Microsoft.ContainerRegistry/registries" };
  const free = await registries.checkNameAvailability(name);
  const poller = registries.create(group, registry, {
    location: "westus",
    sku: { name: "Premium" },
    tags: { made: "by JavaScript" },
  });
  const created = await poller;
  const taken = await registries.checkNameAvailability(name);
  const updated = await registries.update(group, registry, { adminUserEnabled: true });
  const credentials = await registries.listCredentials(group, registry);
  const renewed = await registries.regenerateCredential(group, registry, { name: "password" });
  const listed = await all(registries.listByResourceGroup(group));
  const usages = await registries.listUsages(group, registry);
  await registries.delete(group, registry);
  return {
    free,
    created,
    taken,
    updated,
    credentials,
    renewed,
    usages,
    listed: listed.map((each) => each.name),
    missing: await refusal(() => registries.get(group, registry)),
  };
});
