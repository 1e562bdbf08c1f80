/* memory: list and show are those of every entity; the others have files of their own. */
#include "cli/memory/memory.h"

#include <stdio.h>
#include <string.h>

#include "cli/states/entities.h"

int memory_subject(const char *id, char ret[MEMORY_TEXT + 16], struct err *err) {
    id += strncmp(id, "memory/", 7) == 0 ? 7 : 0;
    size_t n = strlen(id);
    if (n == 0 || n >= MEMORY_TEXT) {
        return err_set(err, ERR_INVALID, "'%.60s' is not a memory's id (1 to %d bytes)", id, MEMORY_TEXT - 1);
    }
    snprintf(ret, MEMORY_TEXT + 16, "memory/%s", id);
    return 0;
}

static const struct command subs[] = {
    {"propose", "search a text for secrets and personal data, and store what is left", &memory_propose},
    {"admit", "admit one that was sanitised and validated", &memory_admit},
    {"reject", "reject one", &memory_reject},
    {"revoke", "take back one, or all with a digest, and say whom they reached", &memory_revoke},
    {"list", "list memories and how far they got", &entities_list},
    {"show", "show one, why it is so, and by which events", &entities_show},
    {0},
};

const struct spec spec_memory = {
    .synopsis = "propose | admit | reject | revoke | list | show",
    .about = "What agents remember: nothing enters unseen, and everything can be taken back. docs/memory.md has the\n"
             "rules.",
    .examples = "ledger memory propose note.txt --model qwen2.5:7b\nledger memory admit 4f1c20ab93d1\n"
                "ledger memory revoke sha256:2c26b4 --reason wrong --all",
    .subs = subs,
};
