/* trust: the user's trust file. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/care/trustforget.h"
#include "cli/open/open.h"
#include "cli/open/trustfile.h"
#include "cli/open/trustthis.h"
#include "cli/print/table.h"

#define POLICY_FILE_MAX ((size_t)1 << 20)

static void list_json(struct obj *obj, const struct policy *policy) {
    struct obj logs = {0}, genesis = {0}, heads = {0};
    char vkey[NOTE_VKEY_MAX];
    for (size_t i = 0; i < policy_logs(policy); i++) {
        note_vkey_encode(vkey, &policy_log_at(policy, i)->vkey);
        obj_text(&logs, NULL, vkey);
    }
    for (size_t i = 0; i < policy_genesis_count(policy); i++) {
        const struct policy_genesis *g = policy_genesis_at(policy, i);
        struct obj one = {0};
        obj_text(&one, "origin", g->origin);
        obj_hex(&one, "leaf", g->leaf, MERKLE_HASH);
        obj_obj(&genesis, NULL, &one);
    }
    for (size_t i = 0; i < policy_heads(policy); i++) {
        const struct policy_head *h = policy_head_at(policy, i);
        struct obj one = {0};
        obj_text(&one, "origin", h->origin);
        obj_uint(&one, "size", h->size);
        obj_hex(&one, "root", h->root, MERKLE_HASH);
        obj_obj(&heads, NULL, &one);
    }
    obj_list(obj, "logs", &logs);
    obj_uint(obj, "witnesses", policy_witnesses(policy));
    obj_list(obj, "genesis", &genesis);
    obj_list(obj, "heads", &heads);
}

static int list_text(struct cli *cli, const char *path, const struct policy *policy) {
    static const struct table_column columns[] = {{"WHAT", false, 0}, {"ORIGIN", false, 0}, {"VALUE", false, 0}};
    char text[NOTE_VKEY_MAX + 64], hex[2 * MERKLE_HASH + 1];
    out_field(cli, "trust file", 0, path);
    out_str(cli, "\n");
    struct table *table = table_new(cli, columns, sizeof(columns) / sizeof(columns[0]));
    for (size_t i = 0; i < policy_logs(policy); i++) {
        const struct note_vkey *vkey = &policy_log_at(policy, i)->vkey;
        note_vkey_encode(text, vkey);
        table_text(table, "log key");
        table_text(table, vkey->name);
        table_text(table, text);
    }
    for (size_t i = 0; i < policy_witnesses(policy); i++) {
        const char *name = NULL;
        note_vkey_encode(text, policy_witness_at(policy, i, &name));
        table_text(table, "witness");
        table_text(table, name);
        table_text(table, text);
    }
    for (size_t i = 0; i < policy_genesis_count(policy); i++) {
        const struct policy_genesis *g = policy_genesis_at(policy, i);
        text_hex(hex, g->leaf, MERKLE_HASH);
        table_text(table, "genesis");
        table_text(table, g->origin);
        table_text(table, hex);
    }
    for (size_t i = 0; i < policy_heads(policy); i++) {
        const struct policy_head *h = policy_head_at(policy, i);
        text_hex(hex, h->root, MERKLE_HASH);
        snprintf(text, sizeof(text), "size %llu, root %s", (unsigned long long)h->size, hex);
        table_text(table, "head");
        table_text(table, h->origin);
        table_text(table, text);
    }
    return table_end(table);
}

static int list(struct cli *cli, const struct opt_args *args) {
    (void)args;
    char path[FILE_PATH_MAX];
    struct policy *policy = NULL;
    struct err err = {0};
    int rc = trustfile_path(path, &err);
    if (rc == 0) rc = trustfile_load(path, &policy, &err);
    if (rc != 0) return cli_fail_input(cli, &err);
    int exit_code;
    if (cli->json) {
        struct obj obj = {0};
        obj_text(&obj, "file", path);
        list_json(&obj, policy);
        exit_code = cli_print(cli, &obj, false);
    } else {
        exit_code = list_text(cli, path, policy);
    }
    policy_free(policy);
    return exit_code;
}

enum { A_GENESIS, A_ORIGIN, A_CHECKPOINT, A_REPLACE };
static const struct opt add_options[] = {
    [A_GENESIS] = {"genesis", 0, "LEAF", "the leaf of event 0 (hex); with --origin"},
    [A_ORIGIN] = {"origin", 0, "NAME", "the origin of that leaf"},
    [A_CHECKPOINT] = {"checkpoint", 0, "FILE", "the head of a checkpoint signed by a trusted log key"},
    [A_REPLACE] = {"replace", 0, NULL, "replace what is trusted for this name or origin and contradicts it"},
    {0},
};

struct addition {
    const char *vkey, *genesis, *origin;
    const struct buf *checkpoint; /* NULL: none */
    bool replace;
    char origin_of[NOTE_NAME_MAX + 1]; /* of the checkpoint */
    uint64_t size, known;              /* of the checkpoint, and of the head that was trusted; `known` 0: none was */
};

/* A checkpoint alone cannot show that it continues the trusted head: only the ledger can. */
static int set_head(struct policy *policy, struct addition *addition, const struct checkpoint *point, struct err *err) {
    const struct policy_head *known = policy_head_find(policy, point->origin);
    addition->known = known ? known->size : 0;
    addition->size = point->size;
    snprintf(addition->origin_of, sizeof(addition->origin_of), "%.*s", (int)point->origin.n, (const char *)point->origin.p);
    if (addition->replace) {
        policy_drop_head(policy, point->origin);
    }
    return policy_set_head(policy, point->origin, point->size, point->root, err);
}

static void say_unchecked(const struct cli *cli, const struct addition *addition) {
    unsigned long long size = addition->size, known = addition->known;
    if (known == 0 || size == known) return;
    if (addition->replace) {
        cli_note(cli, "ledger: trust add: the head of '%s' of size %llu was replaced", addition->origin_of, known);
    } else if (size > known) {
        cli_note(
            cli,
            "ledger: trust add: whether this checkpoint of size %llu continues the head of '%s' of size %llu, which was "
            "trusted, was not checked: 'ledger verify --checkpoint FILE' of the ledger, before it is added, does that",
            size, addition->origin_of, known);
    } else {
        cli_note(
            cli,
            "ledger: trust add: the head of '%s' of size %llu stays; whether it continues this checkpoint of size %llu "
            "was not checked: 'ledger verify --checkpoint FILE' of the ledger does that",
            addition->origin_of, known, size);
    }
}

static int add_checkpoint(struct policy *policy, struct addition *addition, struct err *err) {
    struct note note;
    struct checkpoint checkpoint;
    struct policy_verdict verdict;
    int rc = note_decode(bytes_of_buf(addition->checkpoint), &note, err);
    if (rc == 0) rc = checkpoint_decode(note.text, &checkpoint, err);
    if (rc != 0) return rc;
    policy_judge(policy, &note, &verdict);
    if (verdict.bad) {
        return err_set(err, ERR_TAMPERED, "a signature of a trusted key on it does not verify");
    }
    if (!verdict.log_known) {
        return err_set(
            err, ERR_INVALID,
            "no trusted log key signed it; add the key in the same command: ledger trust add VKEY --checkpoint FILE");
    }
    return set_head(policy, addition, &checkpoint, err);
}

static int apply(struct policy *policy, void *ctx, struct err *err) {
    struct addition *addition = ctx;
    int rc = 0;
    if (addition->vkey) {
        struct note_vkey vkey;
        rc = note_vkey_decode(bytes_of(addition->vkey), &vkey, err);
        if (rc == 0 && addition->replace) {
            policy_drop_logs(policy, bytes_of(vkey.name), &vkey);
        }
        if (rc == 0) rc = policy_add_log(policy, &vkey, err);
    }
    if (rc == 0 && addition->genesis) {
        uint8_t leaf[MERKLE_HASH];
        struct bytes origin = bytes_of(addition->origin);
        if (text_unhex(leaf, sizeof(leaf), bytes_of(addition->genesis)) != 0) {
            return err_set(err, ERR_INVALID, "--genesis: '%.100s' is not a leaf hash (expected 64 lowercase hex digits)",
                           addition->genesis);
        }
        if (addition->replace) {
            policy_drop_genesis(policy, origin);
        }
        rc = note_check_name(origin, err);
        if (rc == 0) rc = policy_add_genesis(policy, origin, leaf, err);
    }
    if (rc == 0 && addition->checkpoint) {
        rc = add_checkpoint(policy, addition, err);
        if (rc != 0) {
            err_prefix(err, "the checkpoint");
        }
    }
    if (rc == ERR_CONFLICT) {
        struct err why = *err;
        err_set(err, rc, "%s" TRUSTTHIS_INSTEAD, why.msg);
    }
    return rc;
}

/* A head or genesis leaf that differs from the trusted one contradicts what was known. */
static int fail(struct cli *cli, const struct err *err) {
    return err->code == ERR_CONFLICT ? cli_fail_as(cli, err, EXIT_CONTRADICTS) : cli_fail_input(cli, err);
}

static int add_this(struct cli *cli, const char *path, bool replace) {
    char gave_way[TRUSTTHIS_WORDS];
    struct ledger *ledger = NULL;
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_TRUST, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = trustthis_add(ledger, path, replace ? gave_way : NULL, &err);
    if (rc == 0 && replace && gave_way[0] != '\0') {
        cli_note(cli, "ledger: trust add: what was trusted of '%s' was replaced: %s", log_origin(ledger), gave_way);
    }
    if (rc == 0) {
        cli_note(cli, "ledger: trust add: '%s' is trusted as it is now; 'ledger verify' checks it from here on",
                 log_origin(ledger));
    }
    log_close(ledger);
    return rc == 0 ? EXIT_GOOD : rc == ERR_CONFLICT ? fail(cli, &err) : cli_fail(cli, &err);
}

static int add(struct cli *cli, const struct opt_args *args) {
    char path[FILE_PATH_MAX];
    struct buf checkpoint = {.max = NOTE_MAX};
    struct err err = {0};
    const char *file = opt_text(args, &add_options[A_CHECKPOINT]);
    struct addition addition = {.vkey = args->n_args > 0 ? args->args[0] : NULL,
                                .genesis = opt_text(args, &add_options[A_GENESIS]),
                                .origin = opt_text(args, &add_options[A_ORIGIN]),
                                .replace = opt_has(args, &add_options[A_REPLACE])};
    if (!addition.genesis != !addition.origin) {
        return cli_usage(cli, "--genesis LEAF and --origin NAME go together");
    }
    if (trustfile_path(path, &err) != 0) return cli_fail_input(cli, &err);
    if (!addition.vkey && !addition.genesis && !file) return add_this(cli, path, addition.replace);
    int rc = file ? file_read(file, &checkpoint, &err) : 0;
    if (rc == 0) {
        addition.checkpoint = file ? &checkpoint : NULL;
        rc = trustfile_update(path, apply, &addition, &err);
    }
    if (rc == 0) {
        say_unchecked(cli, &addition);
    }
    buf_done(&checkpoint);
    return rc == 0 ? EXIT_GOOD : fail(cli, &err);
}

enum { C_POLICY };
static const struct opt check_options[] = {
    [C_POLICY] = {"policy", 0, NULL, "check it as a policy for others: no genesis or head lines, one quorum line"},
    {0},
};

static int check(struct cli *cli, const struct opt_args *args) {
    char own[FILE_PATH_MAX];
    struct buf text = {.max = POLICY_FILE_MAX};
    struct err err = {0};
    const char *path = args->n_args > 0 ? args->args[0] : own;
    int rc = 0;
    if (path == own) {
        rc = trustfile_path(own, &err);
        if (rc == 0) rc = trustfile_check(own, &err);
    }
    struct policy *policy = policy_new();
    if (rc == 0 && !policy) rc = err_set(&err, ERR_NOMEM, "no memory for the file");
    if (rc == 0) rc = file_read(path, &text, &err);
    if (rc == 0) rc = policy_decode(policy, bytes_of_buf(&text), !opt_has(args, &check_options[C_POLICY]), path, &err);
    int exit_code = EXIT_GOOD;
    if (rc != 0) {
        exit_code = cli_fail_input(cli, &err);
    } else if (cli->json) {
        struct obj obj = {0};
        obj_text(&obj, "file", path);
        list_json(&obj, policy);
        exit_code = cli_print(cli, &obj, false);
    } else {
        out_safe(cli, bytes_of(path));
        out_printf(cli, ": well formed: log keys %zu, witnesses %zu, genesis leaves %zu, heads %zu\n", policy_logs(policy),
                   policy_witnesses(policy), policy_genesis_count(policy), policy_heads(policy));
    }
    buf_done(&text);
    policy_free(policy);
    return exit_code;
}

static const struct spec spec_list = {
    .synopsis = "",
    .about = "Shows what the trust file contains: log keys, witnesses, genesis leaves, and for each origin the\n"
             "newest head that a verification has seen.",
    .run = list,
};
static const struct spec spec_add = {
    .synopsis = "[VKEY] [--genesis LEAF --origin NAME] [--checkpoint FILE] [--replace]",
    .about = "Adds to the trust file: a log's verifier key, a genesis leaf, the head of a checkpoint. With\n"
             "none of these it adds the ledger of -C as it is now: do so only if you know where it comes from.\n"
             "This also accepts the new origin of a restored ledger.\n\n"
             "Exit code 20, and nothing changed, if it contradicts what is trusted for that origin: a\n"
             "different log key of its name, a different first event, a head that is not in the ledger's\n"
             "history or beyond its end. Find out why before you add it with --replace: somebody may be\n"
             "showing you a different history.",
    .examples = "ledger trust add\nledger trust add example.org/box-1+93727de6+AQOh... --checkpoint box-1.checkpoint",
    .opts = add_options,
    .max_args = 1,
    .run = add,
};
static const struct spec spec_forget = {
    .synopsis = "ORIGIN [--yes]",
    .about = "Removes everything about an origin from the trust file: log key, genesis leaf, head. Each is\n"
             "printed with what will go unnoticed without it. Use it for a ledger that was removed on purpose,\n"
             "so that a new one can have its name. If verify says that a ledger contradicts what was known,\n"
             "find out why first: afterwards nobody can tell. Asks for confirmation on a terminal; elsewhere\n"
             "--yes is required. Exit code 1 if nothing is known of the origin, or if the answer was no.",
    .examples = "ledger trust forget example.org/box-1",
    .opts = trustforget_options,
    .min_args = 1,
    .max_args = 1,
    .run = trustforget_run,
};
static const struct spec spec_check = {
    .synopsis = "[FILE]",
    .about = "Reads a trust file (the user's own by default) or a policy file and says whether it is well\n"
             "formed; otherwise it names the wrong line.",
    .opts = check_options,
    .max_args = 1,
    .run = check,
};

static const struct command subs[] = {
    {"list", "show what is trusted", &spec_list},
    {"add", "trust a key, a genesis leaf, a checkpoint, or this ledger", &spec_add},
    {"forget", "forget everything about an origin", &spec_forget},
    {"check", "check whether a trust or policy file is well formed", &spec_check},
    {0},
};

const struct spec spec_trust = {
    .synopsis = "list | add [VKEY] ... | forget ORIGIN | check [FILE]",
    .about = "The user's trust file, $XDG_CONFIG_HOME/ledger/trust (~/.config/ledger/trust), is what 'ledger\n"
             "verify' checks against. It is outside every ledger.",
    .subs = subs,
};
