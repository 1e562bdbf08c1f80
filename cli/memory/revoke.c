/* memory revoke: by id, digest or a prefix of a digest; what it reached is in the answer and in the event. All of them are revoked
 * in one transaction, or none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mp.h"
#include "base/mp_map.h"
#include "cli/memory/memory.h"
#include "cli/open/open.h"
#include "cli/print/receipt.h"
#include "cli/print/say.h"
#include "projections/act/checked.h"
#include "projections/council/council.h"
#include "projections/view/look.h"

#define REVOKE_MAX 256 /* memories of one command */
#define PREFIX_MIN 4   /* hex digits */
#define BODY_MAX   ((size_t)64 << 10)

enum { R_REASON, R_ALL, R_ACTOR };
static const struct opt revoke_options[] = {
    [R_REASON] = {"reason", 0, "WORD", "wrong (default), stale, private, asked, expired"},
    [R_ALL] = {"all", 0, NULL, "revoke every memory that the digest's beginning fits"},
    [R_ACTOR] = {"actor", 'a', "WHO", "who acts (default: user:<login name>)"},
    {0},
};

struct one {
    char subject[MEMORY_TEXT + 16], digest[MEMORY_TEXT];
    int64_t recalls;
    struct obj reached;
    struct buf body, seqs;
    uint32_t n_seqs;
    struct log_draft draft;
};
struct revoking {
    const struct cli *cli;
    const char *name, *reason;
    char hex[MEMORY_TEXT]; /* its digits, if they begin a digest */
    bool by_digest;
    struct obj others; /* admitted, with the content of the one that is named by its id */
    struct one *all;
    size_t n, found; /* found: more than there is room for */
};

static bool fits(const struct revoking *r, const struct row *row) {
    struct bytes digest = row_text(row, MEMORIES_DIGEST), hex = digest;
    if (!r->by_digest) return bytes_is(row_text(row, MEMORIES_ID), r->name);
    if (digest.n > 7) {
        hex.p += 7;
        hex.n -= 7;
    }
    bool open = !row_is(row, MEMORIES_STATE, "revoked") && digest.n > 7;
    return open && bytes_has_prefix(hex, r->hex);
}

static int take(struct revoking *r, const struct row *row) {
    struct bytes id = row_text(row, MEMORIES_ID), digest = row_text(row, MEMORIES_DIGEST);
    r->found++;
    if (r->n == REVOKE_MAX || id.n >= MEMORY_TEXT || digest.n >= MEMORY_TEXT) return 0;
    struct one *one = &r->all[r->n++];
    snprintf(one->subject, sizeof(one->subject), "memory/%.*s", (int)id.n, (const char *)id.p);
    snprintf(one->digest, sizeof(one->digest), "%.*s", (int)digest.n, digest.n > 0 ? (const char *)digest.p : "");
    one->recalls = row_int(row, MEMORIES_RECALLS);
    return 0;
}

static int look_reach(struct state_view *view, struct one *one, struct err *err) {
    const struct bytes id = bytes_of(one->subject + 7);
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(view, "memory_reach", &id, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        struct obj who = {0};
        obj_str(&who, "who", row_text(row, REACH_WHO));
        obj_uint(&who, "recalls", (uint64_t)row_int(row, REACH_RECALLS));
        obj_uint(&who, "last_seq", (uint64_t)row_int(row, REACH_LAST_SEQ));
        obj_obj(&one->reached, NULL, &who);
        if (one->n_seqs < ROW_SEQS_MAX) {
            mp_put_uint(&one->seqs, (uint64_t)row_int(row, REACH_LAST_SEQ));
            one->n_seqs++;
        }
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

/* Digits of a digest in either case, without what is before them; false: they are none. */
static bool read_hex(const char *name, char ret[MEMORY_TEXT]) {
    size_t n = 0;
    name += strncasecmp(name, "sha256:", 7) == 0 ? 7 : 0;
    for (; name[n] != '\0' && n + 1 < MEMORY_TEXT; n++) {
        ret[n] = (char)(name[n] >= 'A' && name[n] <= 'F' ? name[n] - 'A' + 'a' : name[n]);
    }
    ret[n] = '\0';
    return name[n] == '\0' && strspn(ret, "0123456789abcdef") == n;
}

/* What stays in use with the same content, and how it is revoked. */
static int look_others(struct state_view *view, struct revoking *r, struct err *err) {
    const char *digest = r->all[0].digest;
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(view, "memories", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        struct bytes id = row_text(row, MEMORIES_ID);
        bool same = digest[0] != '\0' && bytes_is(row_text(row, MEMORIES_DIGEST), digest);
        if (!same || bytes_is(id, r->name) || !row_is(row, MEMORIES_STATE, "admitted")) continue;
        struct obj one = {0};
        struct buf plain = {.max = BODY_MAX}, command = {.max = BODY_MAX};
        buf_put_str(&plain, "ledger memory revoke ");
        cli_word(id, &plain);
        cli_command(r->cli, bytes_of_buf(&plain), &command);
        obj_str(&one, "memory", id);
        obj_str(&one, "command", bytes_of_buf(&command));
        buf_done(&plain);
        buf_done(&command);
        obj_obj(&r->others, NULL, &one);
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

/* An id first; else the beginning of digests. */
static int find(void *ctx, struct state_view *view, struct err *err) {
    struct revoking *r = ctx;
    int rc = 0;
    for (int pass = 0; rc == 0 && pass < 2 && r->found == 0; pass++) {
        struct state_rows *rows = NULL;
        const struct row *row;
        r->by_digest = pass == 1;
        if (r->by_digest) {
            if (!read_hex(r->name, r->hex) || strlen(r->hex) < PREFIX_MIN) break;
        }
        rc = look_rows(view, "memories", NULL, 0, &rows, err);
        while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
            if (fits(r, row)) rc = take(r, row);
        }
        state_rows_close(rows);
        rc = rc < 0 ? rc : 0;
    }
    for (size_t i = 0; rc == 0 && i < r->n; i++) {
        rc = look_reach(view, &r->all[i], err);
    }
    return rc == 0 && r->n > 0 && !r->by_digest ? look_others(view, r, err) : rc;
}

static int make_draft(const struct revoking *r, struct one *one, const char *actor, struct err *err) {
    struct mp_map map;
    mp_map_init(&map, BODY_MAX);
    mp_map_text(&map, "digest", bytes_of(one->digest));
    mp_map_text(&map, "reason", bytes_of(r->reason));
    mp_map_uint(&map, "recalls", (uint64_t)one->recalls);
    mp_map_begin(&map, "evidence");
    mp_put_array(&map.values, one->n_seqs);
    buf_put_bytes(&map.values, bytes_of_buf(&one->seqs));
    mp_map_end(&map);
    int rc = mp_map_write(&map, &one->body, err);
    mp_map_done(&map);
    log_draft_init(&one->draft);
    one->draft.kind = bytes_of("memory.revoked");
    one->draft.subject = bytes_of(one->subject);
    one->draft.actor = bytes_of(actor);
    one->draft.source = bytes_of("cli");
    one->draft.grade = bytes_of("declared");
    one->draft.body = bytes_of_buf(&one->body);
    return rc;
}

static int may_revoke(void *ctx, struct state_view *view, struct decision *ret, struct err *err) {
    struct revoking *r = ctx;
    int rc = 0;
    for (size_t i = 0; rc == 0 && ret->yes && i < r->n; i++) {
        rc = decide_may_append(view, &r->all[i].draft, ret, err);
    }
    return rc;
}

static int write_all(struct ledger *ledger, struct revoking *r, const char *actor, struct log_head *head, struct err *err) {
    struct log_receipt *receipts = calloc(r->n, sizeof(*receipts));
    struct log_batch *batch = NULL;
    struct decision decision;
    int rc = receipts != NULL ? log_batch_new(ledger, &batch, err) : err_set(err, ERR_NOMEM, "no memory for receipts");
    for (size_t i = 0; rc == 0 && i < r->n; i++) {
        rc = make_draft(r, &r->all[i], actor, err);
        if (rc == 0) rc = log_batch_add(batch, &r->all[i].draft, err);
    }
    if (rc == 0) rc = checked_commit(ledger, batch, may_revoke, r, receipts, head, &decision, err);
    log_batch_free(batch);
    free(receipts);
    return rc;
}

static int print_result(struct cli *cli, struct revoking *r, const struct log_head *head) {
    struct obj obj = {0}, list = {0};
    for (size_t i = 0; i < r->n; i++) {
        struct obj one = {0};
        obj_text(&one, "memory", r->all[i].subject + 7);
        obj_text(&one, "digest", r->all[i].digest);
        obj_uint(&one, "recalls", (uint64_t)r->all[i].recalls);
        obj_list(&one, "reached", &r->all[i].reached);
        obj_obj(&list, NULL, &one);
    }
    obj_list(&obj, "revoked", &list);
    if (r->others.n > 0) obj_list(&obj, "same_content_in_use", &r->others);
    obj_uint(&obj, "size", head->size);
    return cli_print(cli, &obj, false);
}

static int revoke_found(struct cli *cli, struct ledger *ledger, struct revoking *r, const struct opt_args *args) {
    struct log_head head = {0};
    struct err err = {0};
    char actor[CLI_ACTOR_MAX];
    if (r->found == 0 && read_hex(r->name, r->hex) && strlen(r->hex) < PREFIX_MIN) {
        return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND,
                          "no memory has the id '%.60s', and the beginning of a digest needs at least %d hex digits",
                          args->args[0], PREFIX_MIN);
    }
    if (r->found == 0) {
        return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND,
                          "no memory has the id '%.60s' or a digest that begins so (%d hex digits at least)", args->args[0],
                          PREFIX_MIN);
    }
    if (r->found > r->n) {
        return cli_refuse(cli, EXIT_NO, ERR_LIMIT, "%zu memories fit, at most %d are revoked at once", r->found,
                          REVOKE_MAX);
    }
    if (r->found > 1 && !opt_has(args, &revoke_options[R_ALL])) {
        return cli_refuse(cli, EXIT_NO, ERR_CONFLICT, "'%.80s' fits %zu memories: --all revokes all of them", args->args[0],
                          r->found);
    }
    int rc = write_all(ledger, r, cli_actor(opt_text(args, &revoke_options[R_ACTOR]), actor), &head, &err);
    return rc != 0 ? cli_fail(cli, &err) : print_result(cli, r, &head);
}

static int revoke(struct cli *cli, const struct opt_args *args) {
    const char *reason = opt_text(args, &revoke_options[R_REASON]), *name = args->args[0];
    struct revoking r = {.cli = cli,
                         .name = name + (strncmp(name, "memory/", 7) == 0 ? 7 : 0),
                         .reason = reason != NULL ? reason : "wrong",
                         .all = calloc(REVOKE_MAX, sizeof(*r.all))};
    struct state_options options;
    struct ledger *ledger = NULL;
    struct err err = {0};
    if (r.all == NULL) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "no memory for a list");
    for (size_t i = 0; i < REVOKE_MAX; i++) {
        r.all[i].body.max = BODY_MAX;
        r.all[i].seqs.max = BODY_MAX;
    }
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code == 0) {
        int rc = state_options_present(ledger, &options, &err);
        options.no_write = true;
        if (rc == 0) rc = state_ask(ledger, &options, find, &r, &err);
        exit_code = rc != 0 ? cli_fail(cli, &err) : revoke_found(cli, ledger, &r, args);
    }
    log_close(ledger);
    for (size_t i = 0; i < REVOKE_MAX; i++) {
        obj_done(&r.all[i].reached);
        buf_done(&r.all[i].body);
        buf_done(&r.all[i].seqs);
    }
    obj_done(&r.others);
    free(r.all);
    return exit_code;
}

const struct spec memory_revoke = {
    .synopsis = "ID | DIGEST [--reason WORD] [--all]",
    .about = "Takes back a memory: by its id, by the digest of its content, or by the beginning of that digest, with\n"
             "or without 'sha256:'. The answer says which runs and agents had been given it. If more than one fits,\n"
             "the exit code is 1 unless --all is given.",
    .examples = "ledger memory revoke 4f1c20ab93d1 --reason asked\nledger memory revoke sha256:2c26b4 --all",
    .opts = revoke_options,
    .min_args = 1,
    .max_args = 1,
    .run = revoke,
};
