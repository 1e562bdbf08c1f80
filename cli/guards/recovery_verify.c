/* recovery verify: where a copy is stored is a private field of the event that recorded it. A snapshot of a file system is
 * asked for by the command that the configuration has now; nothing that an event says is run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "base/tree/copy.h"
#include "cli/call/command.h"
#include "cli/guards/recovery.h"
#include "cli/open/open.h"
#include "cli/print/fact.h"
#include "cli/print/say.h"
#include "ledger/event/event.h"
#include "projections/recovery/recovery.h"
#include "projections/view/look.h"

#define ID_ROOM 257

struct known {
    char id[ID_ROOM];
    uint64_t seq;
    char state[16];
};

struct knowns {
    struct known *one;
    size_t n, cap;
};

/* What was found. */
struct found {
    const char *verdict; /* ok, damaged, missing */
    bool listed;         /* it was asked for, not read */
    struct tree_totals totals;
    struct err why;
};

static int add(struct knowns *all, const struct row *row, struct err *err) {
    struct bytes id = row_text(row, SNAPSHOT_ID), state = row_text(row, SNAPSHOT_STATE);
    if (!row_has(row, SNAPSHOT_TAKEN_SEQ) || id.n >= ID_ROOM) return 0;
    if (all->n == all->cap) {
        size_t cap = all->cap > 0 ? 2 * all->cap : 16;
        struct known *more = realloc(all->one, cap * sizeof(*more));
        if (more == NULL) return err_set(err, ERR_NOMEM, "no memory for snapshots");
        all->one = more;
        all->cap = cap;
    }
    struct known *k = &all->one[all->n++];
    snprintf(k->id, sizeof(k->id), "%.*s", (int)id.n, (const char *)id.p);
    snprintf(k->state, sizeof(k->state), "%.*s", (int)(state.n < 15 ? state.n : 15), (const char *)state.p);
    k->seq = (uint64_t)row_int(row, SNAPSHOT_TAKEN_SEQ);
    return 0;
}

static bool is_asked(const struct opt_args *args, struct bytes id) {
    bool asked = args->n_args == 0;
    for (size_t i = 0; i < args->n_args; i++) {
        asked = asked || bytes_is(id, args->args[i]);
    }
    return asked;
}

static int load(struct ledger *ledger, const struct opt_args *args, struct knowns *all, struct err *err) {
    struct state_options options;
    struct state_view *view = NULL;
    struct state_rows *rows = NULL;
    const struct row *row;
    state_options_init(&options);
    int rc = state_open(ledger, &options, &view, err);
    if (rc == 0) rc = look_rows(view, "snapshots", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        if (is_asked(args, row_text(row, SNAPSHOT_ID))) rc = add(all, row, err);
    }
    state_rows_close(rows);
    state_close(view);
    return rc == 1 ? 0 : rc;
}

/* What the event that recorded it says. */
struct said {
    bool copy; /* it says where it is, and its digest */
    char dir[FILE_PATH_MAX];
    uint8_t digest[HASH_LEN];
    bool listed; /* by a command */
    char method[16], path[FILE_PATH_MAX];
};

static bool copy_text(struct bytes text, char *ret, size_t size) {
    if (text.n == 0 || text.n >= size || memchr(text.p, 0, text.n) != NULL) return false;
    memcpy(ret, text.p, text.n);
    ret[text.n] = '\0';
    return true;
}

static void take_body(struct bytes body, struct said *ret) {
    struct bytes digest = mp_get_text(body, "digest"), raw;
    struct mp_reader r;
    struct mp_item list, path;
    ret->copy =
        digest.n == 7 + 2 * HASH_LEN && text_unhex(ret->digest, HASH_LEN, (struct bytes){digest.p + 7, digest.n - 7}) == 0;
    if (!bytes_is(mp_get_text(body, "verified_by"), "listing") || mp_map_get(body, "paths", &raw) != 0) return;
    mp_reader_init(&r, raw);
    ret->listed = mp_take(&r, MP_ARRAY, &list) && list.count == 1 && mp_take(&r, MP_STR, &path) &&
                  copy_text(path.data, ret->path, sizeof(ret->path)) && ret->path[0] == '/' &&
                  copy_text(mp_get_text(body, "method"), ret->method, sizeof(ret->method));
}

static int read_event(struct ledger *ledger, uint64_t seq, struct said *ret, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    struct buf private_ = {.max = 2 * EVENT_PRIVATE_MAX};
    int rc = log_reader_open(ledger, seq, seq + 1, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &event, err);
    if (rc == 0) rc = log_reader_private(reader, &private_, err);
    if (rc == 0) {
        take_body(event.body, ret);
        ret->copy = ret->copy && copy_text(mp_get_text(bytes_of_buf(&private_), "location"), ret->dir, sizeof(ret->dir));
    }
    buf_done(&private_);
    log_reader_close(reader);
    return rc;
}

/* An id as `recovery snapshot` makes them, which can be an argument. */
static bool is_made(const char *id) {
    return strlen(id) == SNAPSHOT_NAME_LEN && strspn(id, "0123456789abcdef") == SNAPSHOT_NAME_LEN;
}

static int ask_listing(struct ledger *ledger, const struct known *k, const struct said *said, struct found *ret,
                       struct err *err) {
    struct snapshot_command by;
    struct config config;
    ret->listed = true;
    if (!is_made(k->id)) return err_set(&ret->why, ERR_NOTFOUND, "its id is not one of 'ledger recovery snapshot'");
    int rc = snapshot_command_config(log_dir(ledger), &config, err);
    if (rc == 0) rc = snapshot_command_find(&config, said->method, said->path, k->id, &by, err);
    if (rc != 0) {
        err_prefix(err, "snapshot '%s'", k->id);
        ret->why = *err;
        return ERR_IO;
    }
    return snapshot_command_check(&by, &ret->why);
}

static int look(struct ledger *ledger, const struct known *k, struct found *ret, struct err *err) {
    struct said said = {0};
    int rc = read_event(ledger, k->seq, &said, err);
    if (rc != 0) return rc;
    int is = said.listed ? ask_listing(ledger, k, &said, ret, err)
             : said.copy ? tree_check(said.dir, said.digest, &ret->totals, &ret->why)
                         : err_set(&ret->why, ERR_NOTFOUND, "event %llu does not say where it is, or has no digest",
                                   (unsigned long long)k->seq);
    bool unread = is == ERR_IO || is == ERR_NOMEM || (said.listed && is != ERR_NOTFOUND);
    ret->verdict = is == 0 ? "ok" : is == ERR_NOTFOUND ? "missing" : unread ? NULL : "damaged";
    if (ret->verdict == NULL) *err = ret->why; /* not read, so nothing was found */
    return ret->verdict == NULL ? is : 0;
}

static int put_body(const struct known *k, const struct found *found, struct buf *body, struct buf *private_,
                    struct err *err) {
    bool ok = strcmp(found->verdict, "ok") == 0;
    bool counted = ok && !found->listed;
    mp_put_map(body, 3 + counted);
    if (counted) {
        mp_put_str(body, bytes_of("bytes"));
        mp_put_uint(body, found->totals.bytes);
    }
    mp_put_str(body, bytes_of("snapshot"));
    mp_put_str(body, bytes_of(k->id));
    mp_put_str(body, bytes_of("verdict"));
    mp_put_str(body, bytes_of(found->verdict));
    mp_put_str(body, bytes_of("verified_by"));
    mp_put_str(body, bytes_of(found->listed ? "listing" : "content"));
    if (!ok) {
        mp_put_map(private_, 1);
        mp_put_str(private_, bytes_of("detail"));
        mp_put_str(private_, bytes_of(found->why.msg));
    }
    int rc = buf_check(body, "the body", err);
    return rc == 0 ? buf_check(private_, "the body", err) : rc;
}

static int record(struct ledger *ledger, const struct known *k, const struct found *found, struct log_receipt *ret,
                  struct err *err) {
    struct buf body = {.max = EVENT_BODY_MAX}, private_ = {.max = EVENT_PRIVATE_MAX};
    struct log_draft draft;
    char subject[ID_ROOM + 16], actor[CLI_ACTOR_MAX];
    int rc = put_body(k, found, &body, &private_, err);
    snprintf(subject, sizeof(subject), "snapshot/%s", k->id);
    log_draft_init(&draft);
    draft.kind = bytes_of("recovery.snapshot_checked");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(cli_actor(NULL, actor));
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&body);
    draft.private_ = bytes_of_buf(&private_);
    if (rc == 0) rc = log_append(ledger, &draft, ret, NULL, err);
    buf_done(&private_);
    buf_done(&body);
    return rc;
}

static int verify_all(struct ledger *ledger, const struct knowns *all, struct fact_table *table, size_t *ret_bad,
                      struct err *err) {
    int rc = 0;
    for (size_t i = 0; i < all->n && rc == 0; i++) {
        struct found found = {0};
        struct log_receipt receipt = {0};
        rc = look(ledger, &all->one[i], &found, err);
        if (rc == 0) rc = record(ledger, &all->one[i], &found, &receipt, err);
        if (rc != 0) break;
        bool ok = strcmp(found.verdict, "ok") == 0;
        bool counted = ok && !found.listed;
        *ret_bad += !ok;
        const struct fact facts[] = {
            fact_text("SNAPSHOT", "snapshot", all->one[i].id),
            fact_text("VERDICT", "verdict", found.verdict),
            fact_count("FILES", "files", counted ? found.totals.files : UINT64_MAX),
            fact_size("SIZE", "bytes", counted ? found.totals.bytes : UINT64_MAX),
            fact_text("VERIFIED BY", "verified_by", found.listed ? "listing" : "content"),
            fact_count("EVENT", "seq", receipt.seq),
            fact_text("WHY", "why", ok ? NULL : found.why.msg),
        };
        fact_row(table, facts, sizeof(facts) / sizeof(facts[0]));
    }
    return rc;
}

static int verify(struct cli *cli, const struct opt_args *args) {
    struct ledger *ledger = NULL;
    struct knowns all = {0};
    struct fact_table table = {.cli = cli};
    struct obj whole = {0};
    struct err err = {0};
    size_t bad = 0;
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = load(ledger, args, &all, &err);
    if (rc == 0 && all.n < (args->n_args > 0 ? args->n_args : 1)) {
        rc = err_set(&err, ERR_NOTFOUND, args->n_args > 0 ? "there is no such snapshot" : "there is no snapshot");
    }
    if (rc == 0) rc = verify_all(ledger, &all, &table, &bad, &err);
    obj_text(&whole, "schema", "ledger.recovery.verify/1");
    exit_code = fact_end(&table, rc == 0 ? &whole : NULL, "snapshots");
    obj_done(&whole);
    log_close(ledger);
    free(all.one);
    return rc != 0 ? cli_fail_lookup(cli, &err) : exit_code != 0 ? exit_code : bad > 0 ? EXIT_INVALID : EXIT_GOOD;
}

const struct spec recovery_verify = {
    .synopsis = "[ID ...]",
    .about = "Reads snapshots again, every byte, compares them with their digests and records what was found:\n"
             "ok, damaged or missing. One that a configured command took is asked for, not read\n"
             "(verified_by=listing). Without an ID, all of them. A snapshot that was found damaged or missing\n"
             "permits no step. Exit code 1 if there is none, 30 if one is damaged or missing.",
    .examples = "ledger recovery verify\nledger recovery verify 5f0c9a3e11d2b846",
    .max_args = CLI_MANY,
    .run = verify,
};
