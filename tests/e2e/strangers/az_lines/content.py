"""What a registry contains: repositories, tags, manifests and referrers."""

from tests.e2e.strangers.az_lines.line import Section, not_imitated, refused, works

SECTION = Section(
    "content",
    (
        works("acr repository list -n $registry", {"@": ["samples/hello", "samples/tools"]}),
        works("acr repository list -n $registry --top 1", {"@": ["samples/hello"]}),
        works("acr repository list -n $registry -o tsv", prints="samples/hello\nsamples/tools\n"),
        works(
            "acr repository list -n $registry -o table",
            prints="Result\n-+\nsamples/hello\nsamples/tools\n",
        ),
        refused("acr repository list -n ${name}none", "could not be found|could not resolve|exist"),
        works(
            "acr repository show-tags -n $registry --repository samples/hello",
            {"@": ["1.0", "1.1"]},
        ),
        works(
            "acr repository show-tags -n $registry --repository samples/hello --top 1 "
            "--orderby time_desc",
            {"@": ["1.1"]},
        ),
        works(
            "acr repository show-tags -n $registry --repository samples/hello --detail",
            {"[].name": ["1.0", "1.1"], "[0].digest": "$digest"},
        ),
        works(
            "acr repository show-tags -n $registry --repository samples/hello -o tsv",
            prints="1.0\n1.1\n",
        ),
        refused(
            "acr repository show-tags -n $registry --repository none", "NAME_UNKNOWN|not found"
        ),
        works(
            "acr repository show -n $registry --repository samples/hello",
            {"imageName": "samples/hello", "manifestCount": 2, "tagCount": 2},
        ),
        works(
            "acr repository show -n $registry --image samples/hello:1.0",
            {"name": "1.0", "digest": "$digest", "changeableAttributes.deleteEnabled": True},
        ),
        works(
            "acr repository show -n $registry --image samples/hello@$digest",
            {"digest": "$digest", "tags": ["1.0"]},
        ),
        refused(
            "acr repository show -n $registry --image samples/hello:9",
            "TAG_UNKNOWN|not found|does not exist",
        ),
        works(
            "acr repository show-manifests -n $registry --repository samples/hello",
            {"length(@)": 2},
        ),
        works(
            "acr manifest list-metadata -r $registry -n samples/hello",
            {"sort([].tags[0])": ["1.0", "1.1"]},
        ),
        works(
            "acr manifest list-metadata -r $registry -n samples/hello --orderby time_desc "
            "--top 1 --query [].tags[] -o tsv",
            prints="1.1\n",
        ),
        works(
            'acr manifest list-metadata $server/samples/hello --query "[?tags==null].digest"',
            {"@": []},
        ),
        works(
            "acr manifest show-metadata -r $registry -n samples/hello:1.0", {"digest": "$digest"}
        ),
        works(
            "acr manifest show-metadata $server/samples/hello:1.0 --query digest -o tsv",
            prints="$digest\n",
        ),
        works("acr manifest show -r $registry -n samples/hello:1.0", {"schemaVersion": 2}),
        works("acr manifest show $server/samples/hello@$digest", {"length(layers)": 1}),
        works("acr manifest list -r $registry -n samples/hello", {"length(@)": 2}),
        works(
            "acr manifest list-referrers -r $registry -n samples/hello:1.0",
            {"manifests": []},
        ),
        works(
            "acr repository update -n $registry --image samples/hello:1.0 --write-enabled false",
            {"changeableAttributes.writeEnabled": False},
        ),
        works(
            "acr repository update -n $registry --image samples/hello:1.0 --delete-enabled false",
            {"changeableAttributes.deleteEnabled": False},
        ),
        refused(
            "acr repository delete -n $registry --image samples/hello:1.0 --yes",
            "OPERATION_DISALLOWED|disallowed|locked|DENIED",
        ),
        works(
            "acr repository update -n $registry --image samples/hello:1.0 --write-enabled true "
            "--delete-enabled true",
            {"changeableAttributes.deleteEnabled": True},
        ),
        works(
            "acr repository update -n $registry --repository samples/tools --write-enabled false",
            {"changeableAttributes.writeEnabled": False},
        ),
        works(
            "acr repository update -n $registry --repository samples/tools --write-enabled true",
            {"changeableAttributes.writeEnabled": True},
        ),
        works(
            "acr manifest update-metadata -r $registry -n samples/hello:1.1 --read-enabled true",
            {"changeableAttributes.readEnabled": True},
        ),
        works("acr create -g $group -n ${name}target --sku Premium", {"name": "${name}target"}),
        works("acr import -n ${name}target --source samples/hello:1.0 -r $registry"),
        works("acr import -n ${name}target --source $server/samples/tools:1.0 --image tools:one"),
        works(
            "acr import -n ${name}target --source samples/hello@$digest -r $registry "
            "--repository pinned"
        ),
        works("acr import -n ${name}target --source samples/hello:1.0 -r $registry --force"),
        refused(
            "acr import -n ${name}target --source samples/hello:9 -r $registry",
            "(?i)not found|does not exist|MANIFEST_UNKNOWN",
        ),
        refused(
            "acr import -n ${name}target --source docker.io/library/busybox:latest",
            "(?i)docker.io|reach|not found|isn't",
        ),
        works("acr repository list -n ${name}target", {"@": ["pinned", "samples/hello", "tools"]}),
        works("acr repository show-tags -n ${name}target --repository tools", {"@": ["one"]}),
        works("acr repository untag -n $registry --image samples/hello:1.1"),
        works(
            "acr manifest list-metadata -r $registry -n samples/hello "
            '--query "length([?tags==null || tags==`[]`])" -o tsv',
            prints="1\n",
        ),
        works("acr manifest delete -r $registry -n samples/hello@$digest --yes"),
        works(
            "acr repository delete -n $registry --image samples/tools:1.0 --yes",
            {},
        ),
        works(
            "acr repository delete -n $registry --repository samples/hello --yes",
            {"manifestsDeleted || `[]` | length(@)": 1},
        ),
        refused(
            "acr repository delete -n $registry --repository none --yes", "NAME_UNKNOWN|not found"
        ),
        works("acr repository list -n $registry", {"@": []}),
        not_imitated("acr manifest list-deleted -r $registry -n samples/hello"),
        not_imitated("acr repository list-deleted -n $registry"),
        refused("acr helm list -n $registry", "(?i)helm|not found|404"),
    ),
)
