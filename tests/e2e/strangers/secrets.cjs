// Secrets of a key vault with @azure/keyvault-secrets.
"use strict";

const { SecretClient } = require("@azure/keyvault-secrets");
const { all, credential, refusal, run } = require("./program.cjs");

run(async ({ vaultUrl }) => {
  const client = new SecretClient(vaultUrl, credential());
  const first = await client.setSecret("jssecret", "first");
  const second = await client.setSecret("jssecret", "second", { tags: { by: "js" } });
  const got = await client.getSecret("jssecret");
  const version = await client.getSecret("jssecret", { version: first.properties.version });
  const versions = await all(client.listPropertiesOfSecretVersions("jssecret"));
  const updated = await client.updateSecretProperties("jssecret", second.properties.version, {
    enabled: false,
  });
  const disabled = await refusal(() => client.getSecret("jssecret"));
  const names = (await all(client.listPropertiesOfSecrets())).map((each) => each.name);
  const backup = await client.backupSecret("jssecret");

  const deletion = await client.beginDeleteSecret("jssecret", { intervalInMs: 100 });
  const deleted = await deletion.pollUntilDone();
  const missing = await refusal(() => client.getSecret("jssecret"));
  const recovery = await client.beginRecoverDeletedSecret("jssecret", { intervalInMs: 100 });
  const recovered = await recovery.pollUntilDone();
  const again = await client.beginDeleteSecret("jssecret", { intervalInMs: 100 });
  await again.pollUntilDone();
  await client.purgeDeletedSecret("jssecret");
  const purged = await refusal(() => client.getDeletedSecret("jssecret"));
  const restored = await client.restoreSecretBackup(backup);
  return {
    got: { value: got.value, tags: got.properties.tags },
    version: version.value,
    versions: versions.length,
    enabled: updated.enabled,
    disabled,
    names,
    deleted: deleted.name,
    missing,
    recovered: recovered.name,
    purged,
    restored: restored.name,
  };
});
