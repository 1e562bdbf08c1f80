/* append: one event from the command line, one durable commit, one receipt. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mp.h"
#include "base/text.h"
#include "cli/act/body.h"
#include "cli/act/preview.h"
#include "cli/act/signer.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "cli/print/receipt.h"
#include "ledger/event/event.h"
#include "ledger/kinds/check.h"
#include "ledger/kinds/grant.h"
#include "projections/act/checked.h"

enum {
    A_SUBJECT,
    A_RUN,
    A_ACTOR,
    A_SOURCE,
    A_GRADE,
    A_CAUSE,
    A_CAUSE_KEY,
    A_KEY,
    A_TIME,
    A_BODY,
    A_BODY_FILE,
    A_PRIVATE,
    A_PRIVATE_FILE,
    A_OPEN,
    A_IF_NONE_AFTER,
    A_CHECKED,
    A_FORCE,
    A_DRY_RUN,
    A_MOVED,
    A_SIGN_AS,
    A_KEY_PASS_FD,
    A_KEY_PASS_FILE
};
static const struct opt options[] = {
    [A_SUBJECT] = {"subject", 's', "SUBJECT", "what it is about: pack/pdf-ops-pack"},
    [A_RUN] = {"run", 'r', "RUN", "the run or trace it belongs to (default: ID of a subject run/ID)"},
    [A_ACTOR] = {"actor", 'a', "WHO", "who caused it (default: user:<login name>)"},
    [A_SOURCE] = {"source", 0, "SOURCE", "how it entered the ledger (default: cli)"},
    [A_GRADE] = {"grade", 'g', "GRADE", "measured, reported, declared or inferred (default: reported)"},
    [A_CAUSE] = {"cause", 0, "SEQ", "the event that led to it"},
    [A_CAUSE_KEY] = {"cause-key", 0, "KEY", "the same, by its idempotency key within the same source"},
    [A_KEY] = {"key", 'k', "KEY", "idempotency key: a second append with it returns the first one's receipt"},
    [A_TIME] = {"time", 0, "TIME", "when it happened (field 'at'): RFC 3339 with a zone, or ns since 1970"},
    [A_BODY] = {"body", 'b', "JSON", "the body as one JSON object"},
    [A_BODY_FILE] = {"body-file", 0, "FILE", "the same from a file, - for standard input"},
    [A_PRIVATE] = {"private", 0, "JSON", "private fields, as one JSON object"},
    [A_PRIVATE_FILE] = {"private-file", 0, "FILE", "the same from a file, - for standard input"},
    [A_OPEN] = {"open", 0, "NAMES", "for x.* kinds: which fields are open, comma-separated"},
    [A_IF_NONE_AFTER] = {"if-none-after", 0, "SEQ", "only if the subject has no event after SEQ, else exit 1"},
    [A_CHECKED] = {"checked", 0, NULL, "only if the step is legal in the current states, else exit 1"},
    [A_FORCE] = {"force-private", 0, NULL, "also accept fields whose names nearly match known ones, as private"},
    [A_DRY_RUN] = {"dry-run", 0, NULL, "write nothing: check, and show the event as it would be written"},
    [A_MOVED] = {"moved", 0, NULL, "instead of an event: the directory was moved here and the old one is gone"},
    [A_SIGN_AS] = {"sign-as", 0, "KEYFILE", "sign the event with an author's key ('ledger key new')"},
    [A_KEY_PASS_FD] = {"key-passphrase-fd", 0, "N", "passphrase of KEYFILE from descriptor N"},
    [A_KEY_PASS_FILE] = {"key-passphrase-file", 0, "FILE", "passphrase of KEYFILE from a file"},
    {0},
};

#define INPUT_MAX (4 * EVENT_BODY_MAX)

/* What a draft borrows from. */
struct input {
    struct buf body, private_, open;
    char actor[128];
    struct log_author *author;
};

static int add_json(struct body *body, const struct opt_args *args, const struct opt *text, const struct opt *file,
                    struct err *err) {
    char name[64];
    const char *json = opt_text(args, text), *path = opt_text(args, file);
    if (json) {
        snprintf(name, sizeof(name), "--%s", text->name);
        return body_json(body, bytes_of(json), name, err);
    }
    if (!path) return 0;
    struct buf content = {.max = INPUT_MAX};
    int rc = file_read(path, &content, err);
    if (rc == 0) {
        char label[FILE_PATH_MAX + 16];
        snprintf(label, sizeof(label), "file '%s'", path);
        rc = body_json(body, bytes_of_buf(&content), label, err);
    }
    buf_done(&content);
    return rc;
}

static int add_time(struct body *body, const char *text, struct err *err) {
    char word[128];
    uint64_t ns;
    if (text == NULL) return 0;
    if (!kind_time_parse(bytes_of(text), &ns)) {
        return err_set(err, ERR_INVALID, "--time is '%.60s'; expected: " KIND_TIME_ACCEPTED, text);
    }
    snprintf(word, sizeof(word), "at:=%llu", (unsigned long long)ns);
    return body_word(body, word, err);
}

/* A subject run/ID implies the run. */
static struct bytes run_of(const char *run, const char *subject) {
    return bytes_of(run                                                                           ? run
                    : strncmp(subject, "run/", 4) == 0 && strlen(subject + 4) <= EVENT_STRING_MAX ? subject + 4
                                                                                                  : NULL);
}

/* Refuses the placeholder of a remedy typed as printed: eval/EVAL. */
static int check_subject(const struct kind *kind, const char *subject, struct err *err) {
    const char *slash = strchr(subject, '/');
    struct bytes family = {(const uint8_t *)subject, slash ? (size_t)(slash - subject) : 0};
    if (!kind || !slash || !body_is_placeholder(family, bytes_of(slash + 1))) return 0;
    return err_set(err, ERR_INVALID, "subject '%.200s': %.100s stands for a name", subject, slash + 1);
}

static int read_bodies(const struct opt_args *args, const struct kind *kind, struct input *in, struct err *err) {
    struct body *body = body_new(kind), *private_ = body_new(kind);
    int rc = body && private_ ? 0 : err_set(err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = add_json(body, args, &options[A_BODY], &options[A_BODY_FILE], err);
    for (size_t i = 1; rc == 0 && i < args->n_args; i++) {
        rc = body_word(body, args->args[i], err);
    }
    if (rc == 0) rc = add_time(body, opt_text(args, &options[A_TIME]), err);
    if (rc == 0) rc = body_encode(body, &in->body, err);
    bool has_private = opt_has(args, &options[A_PRIVATE]) || opt_has(args, &options[A_PRIVATE_FILE]);
    if (rc == 0 && has_private) {
        rc = add_json(private_, args, &options[A_PRIVATE], &options[A_PRIVATE_FILE], err);
        if (rc == 0) rc = body_encode(private_, &in->private_, err);
    }
    body_free(private_);
    body_free(body);
    return rc;
}

/* "a,b,c" as a canonical array of str. */
static int read_open(const char *names, struct buf *out, struct err *err) {
    uint32_t count = 1;
    for (const char *c = names; *c; c++) {
        count += *c == ',';
    }
    mp_put_array(out, count);
    for (const char *c = names;; c++) {
        size_t n = strcspn(c, ",");
        if (n == 0) {
            return err_set(err, ERR_INVALID, "--open: empty name in '%.200s' (expected NAME,NAME)", names);
        }
        mp_put_str(out, (struct bytes){.p = (const uint8_t *)c, .n = n});
        c += n;
        if (!*c) break;
    }
    return buf_check(out, "--open", err);
}

/* Reads everything that needs no ledger, so that wrong input is found before anything is opened. */
static int read_draft(const struct opt_args *args, struct input *in, struct log_draft *draft, struct err *err) {
    const char *open = opt_text(args, &options[A_OPEN]);
    struct bytes kind = bytes_of(args->args[0]);
    log_draft_init(draft);
    int rc = check_subject(kind_find(kind), opt_text(args, &options[A_SUBJECT]), err);
    if (rc == 0) rc = read_bodies(args, kind_find(kind), in, err);
    if (rc == 0 && open) rc = read_open(open, &in->open, err);
    if (rc == 0) {
        rc = signer_load(opt_text(args, &options[A_SIGN_AS]), opt_text(args, &options[A_KEY_PASS_FD]),
                         opt_text(args, &options[A_KEY_PASS_FILE]), &in->author, err);
    }
    if (rc != 0) return rc;
    const char *source = opt_text(args, &options[A_SOURCE]);
    const char *grade = opt_text(args, &options[A_GRADE]);
    draft->kind = kind;
    draft->subject = bytes_of(opt_text(args, &options[A_SUBJECT]));
    draft->run = run_of(opt_text(args, &options[A_RUN]), opt_text(args, &options[A_SUBJECT]));
    draft->key = bytes_of(opt_text(args, &options[A_KEY]));
    draft->actor = bytes_of(cli_actor(opt_text(args, &options[A_ACTOR]), in->actor));
    draft->source = bytes_of(source ? source : "cli");
    draft->grade = bytes_of(grade ? grade : "reported");
    draft->body = bytes_of_buf(&in->body);
    draft->private_ = bytes_of_buf(&in->private_);
    draft->open = bytes_of_buf(&in->open);
    draft->force_private = opt_has(args, &options[A_FORCE]);
    draft->author = in->author;
    rc = kind_check_times(kind_find(kind), draft->body, err);
    if (rc == 0) rc = kind_check_times(kind_find(kind), draft->private_, err);
    if (rc == 0) rc = grant_check_typed(draft, err);
    return rc;
}

/* Notes fields that are not in the catalog: they are kept private. */
static void remark_unknown(const struct cli *cli, const struct kind *kind, struct bytes body) {
    struct mp_reader reader;
    struct mp_item item;
    mp_reader_init(&reader, body);
    if (!kind || mp_next(&reader, &item, NULL) != 0 || item.type != MP_MAP) return;
    for (uint32_t i = 0, n = item.count; i < n; i++) {
        struct bytes value;
        if (mp_next(&reader, &item, NULL) != 0 || mp_skip(&reader, 1, &value, NULL) != 0) return;
        if (item.data.n > 64 || kind_field_find(kind, item.data)) continue;
        cli_note(cli, "ledger: append: '%.*s' is not a field of %s: it is kept private", (int)item.data.n,
                 (const char *)item.data.p, kind->name);
    }
}

/* Using one key for two different events is a warning, which is shown even where notes are not. */
static void remark_duplicate(const struct cli *cli, const char *parts, uint64_t seq) {
    struct err warning = {0};
    if (parts[0] == '\0') {
        cli_note(cli, "ledger: append: event %llu already has this source and key: nothing was written",
                 (unsigned long long)seq);
        return;
    }
    err_set(&warning, ERR_CONFLICT,
            "event %llu already has this source and key, but differs (%s): nothing was written; a different event needs "
            "a different key",
            (unsigned long long)seq, parts);
    cli_warn(cli, &warning);
}

/* A policy past its limits has no effect: guards would keep using the previous one. */
static bool is_always_judged(const struct log_draft *draft) {
    return bytes_is(draft->kind, "policy.declared");
}

/* Notes if nothing could be checked. */
static int show_event(struct cli *cli, const struct log_draft *draft, bool checked) {
    struct ledger *ledger = NULL;
    bool is_new = false;
    int exit_code = cli_open(cli, checked ? CLI_READ : CLI_TRY, &ledger);
    if (exit_code == 0) {
        exit_code = preview_print(cli, ledger, draft, checked || is_always_judged(draft), &is_new);
    }
    if (is_new) {
        remark_unknown(cli, kind_find(draft->kind), draft->body);
    }
    log_close(ledger);
    return exit_code;
}

/* Without --checked: notes what the event alone shows. */
static void remark_over(const struct cli *cli, const struct log_draft *draft) {
    struct mp_item item;
    struct bytes raw;
    bool grant = bytes_is(draft->kind, "permission.granted") || bytes_is(draft->kind, "permission.decided");
    uint64_t ns = 0;
    if (!grant || mp_map_get(draft->body, "expires", &raw) != 0 || mp_scalar(raw, &item) != 0) {
        return;
    }
    bool there = item.type == MP_UINT || (item.type == MP_STR && kind_time_parse(item.data, &ns));
    ns = item.type == MP_UINT ? item.uint : ns;
    if (there && ns <= clock_wall_ns()) {
        cli_note(cli, "ledger: append: it has already expired: it permits nothing");
    }
}

static int write_event(struct cli *cli, const struct log_draft *draft, bool checked) {
    struct ledger *ledger = NULL;
    struct log_receipt receipt = {0};
    struct log_head head = {0};
    struct err err = {0};
    char parts[PREVIEW_PARTS_MAX] = "";
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    char note[CHECKED_NOTE_MAX] = "";
    bool judged = checked || is_always_judged(draft);
    int rc = judged ? checked_append(ledger, draft, &receipt, &head, note, &err)
                    : log_append(ledger, draft, &receipt, &head, &err);
    if (rc == 0 && receipt.duplicate && checked) {
        rc = preview_same(ledger, draft, receipt.seq, &err);
    } else if (rc == 0 && receipt.duplicate) {
        preview_differs(ledger, draft, receipt.seq, parts, NULL); /* no note on what cannot be read */
    }
    log_close(ledger);
    if (rc != 0) {
        /* not found: the kind, or else a file of the ledger */
        bool known = kind_find(draft->kind) || bytes_has_prefix(draft->kind, "x.");
        return rc == ERR_NOTFOUND && !known ? cli_fail_input(cli, &err) : cli_fail(cli, &err);
    }
    if (!receipt.duplicate) {
        remark_unknown(cli, kind_find(draft->kind), draft->body);
    } else {
        remark_duplicate(cli, parts, receipt.seq);
    }
    if (!receipt.duplicate && !checked) {
        remark_over(cli, draft);
    }
    if (note[0] != '\0') {
        cli_note(cli, "ledger: append: %s", note);
    }
    if (receipt.masked > 0) {
        cli_note(cli, "ledger: append: %u secret%s masked before writing", receipt.masked,
                 receipt.masked == 1 ? " was" : "s were");
    }
    return receipt_print(cli, &receipt, &head);
}

/* The receipt of ledger.moved. */
static int moved(struct cli *cli, const struct opt_args *args) {
    struct ledger *ledger = NULL;
    struct log_receipt receipt = {0};
    struct log_head head = {0};
    struct err err = {0};
    char actor[128];
    if (args->n_args > 0) {
        return cli_usage(cli, "--moved takes no event: run 'ledger append --moved' first, then append the event");
    }
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = log_moved(ledger, cli_actor(opt_text(args, &options[A_ACTOR]), actor), NULL, &receipt, &err);
    if (rc == 0) rc = log_head(ledger, &head, &err);
    exit_code = rc == 0 ? receipt_print(cli, &receipt, &head) : cli_fail(cli, &err);
    log_close(ledger);
    return exit_code;
}

#define SYNOPSIS "KIND --subject SUBJECT [OPTIONS] [NAME=VALUE | NAME:=JSON ...] | --moved"

static int append(struct cli *cli, const struct opt_args *args) {
    struct err err = {0};
    uint64_t cause = LOG_NO_SEQ, none_after = LOG_NO_SEQ;
    if (opt_has(args, &options[A_MOVED])) return moved(cli, args);
    if (args->n_args == 0) return cli_usage(cli, "too few arguments: ledger append %s", SYNOPSIS);
    if (opt_has(args, &options[A_BODY]) && opt_has(args, &options[A_BODY_FILE])) {
        return cli_usage(cli, "give --body or --body-file, not both");
    }
    if (opt_has(args, &options[A_PRIVATE]) && opt_has(args, &options[A_PRIVATE_FILE])) {
        return cli_usage(cli, "give --private or --private-file, not both");
    }
    const char *cause_key = opt_text(args, &options[A_CAUSE_KEY]);
    if (cause_key && opt_has(args, &options[A_CAUSE])) {
        return cli_usage(cli, "give --cause or --cause-key, not both");
    }
    if (!opt_has(args, &options[A_SUBJECT])) return cli_usage(cli, "--subject SUBJECT is missing");
    if (opt_u64(args, &options[A_CAUSE], &cause, &err) != 0 ||
        opt_u64(args, &options[A_IF_NONE_AFTER], &none_after, &err) != 0) {
        return cli_usage(cli, "%s", err.msg);
    }
    struct input in = {0};
    struct log_draft draft;
    buf_init(&in.body, INPUT_MAX);
    buf_init(&in.private_, INPUT_MAX);
    buf_init(&in.open, INPUT_MAX);
    int exit_code;
    if (read_draft(args, &in, &draft, &err) != 0) {
        exit_code = cli_fail_input(cli, &err);
    } else {
        draft.none_after = none_after;
        if (cause != LOG_NO_SEQ) {
            draft.cause_type = LOG_CAUSE_SEQ;
            draft.cause = cause;
        }
        if (cause_key) {
            draft.cause_type = LOG_CAUSE_KEY;
            draft.cause_key = bytes_of(cause_key);
        }
        bool checked = opt_has(args, &options[A_CHECKED]);
        exit_code =
            opt_has(args, &options[A_DRY_RUN]) ? show_event(cli, &draft, checked) : write_event(cli, &draft, checked);
    }
    log_author_free(in.author);
    buf_done(&in.open);
    buf_done(&in.private_);
    buf_done(&in.body);
    return exit_code;
}

const struct spec spec_append = {
    .synopsis = SYNOPSIS,
    .about = "Writes one event and, once it is durable and sealed, prints its receipt as JSON: sequence\n"
             "number, leaf, the head (size and root) that covers it, whether it was a duplicate, and how many\n"
             "secrets were masked.\n\n"
             "NAME=VALUE adds a field to the body: numbers, true, false and null are taken as such unless the\n"
             "kind expects text; everything else is text. NAME:=JSON takes any JSON value. Where the kind\n"
             "expects a digest, NAME=@FILE computes it from a file. 'ledger kinds KIND' lists the fields of a\n"
             "kind and says which are open. Other users of the machine can read the command line while the\n"
             "command runs: pass private values with --private-file.\n\n"
             "--checked refuses a step that is not legal in the current states, and gives the reason and the\n"
             "events behind it. The step is judged inside the write transaction, so nothing can come between.\n"
             "This covers every kind that has a state (see 'ledger state': promotions, permissions, packs,\n"
             "...), and whether permission.used, run.tool_called and each of run.started's permissions is\n"
             "covered by a grant of its group, scope and tier. Other kinds are written unchecked.\n"
             "docs/permissions.md has the rules.\n\n"
             "A ledger remembers the machine and the file it was appended to, and refuses to append in a copy\n"
             "of its directory (exit code 20): two copies that both continue would be two histories under one\n"
             "name. --moved states that the directory was moved here and the old one is gone; it writes the\n"
             "event ledger.moved. To get a copy that may continue beside the original, use 'ledger backup' and\n"
             "'ledger restore'.",
    .examples = "ledger append install.installed --subject package/pip/torch package=torch version=2.4\n"
                "ledger append x.acme.note -s run/7 --open text text='disk swapped' --cause 118\n"
                "ledger append pack.installed -s pack/p version=1 digest=@pack.tar --dry-run\n"
                "ledger append promotion.promoted -s promotion/p --checked digest=sha256:...\n"
                "ledger append permission.granted -s pack/p --sign-as alice.key group=exec scope=/srv",
    .opts = options,
    .max_args = CLI_MANY,
    .run = append,
};
