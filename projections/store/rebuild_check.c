/* Compares what is stored with a replay into a scratch environment, record by record, in all kept versions. */
#include <string.h>

#include "ledger/derived/derived.h"
#include "ledger/erase/erase.h"
#include "projections/store/attested.h"
#include "projections/store/build.h"
#include "projections/store/rebuild.h"

#define WORDS_MAX 16 /* differences reported per projection */

struct checking {
    struct ledger *ledger;
    const struct state_options *options;
    const struct projection *const *list;
    uint32_t which;
    void (*differs)(void *ctx, const struct projection *projection, const char *why);
    void *ctx;
    uint64_t generation; /* of the evidence, when the check began */
    struct db_txn *stored, *replayed;
    struct store_generation gen[PROJECTIONS_MAX]; /* the stored generations to compare */
    uint64_t rows;
    uint32_t compared; /* projections */
};

static void report(struct checking *c, const struct projection *projection, unsigned *told, const char *why) {
    if ((*told)++ < WORDS_MAX) {
        c->differs(c->ctx, projection, why);
    }
}

/* "permissions 'pack/a, exec' of the segment that ends at 65536: ..." */
static void report_row(struct checking *c, const struct projection *projection, unsigned *told, struct bytes key,
                       const char *what) {
    struct buf words = {.max = 4096};
    if (*told >= WORDS_MAX) {
        (*told)++;
        return;
    }
    if (key.n < 10 || key.p[0] >= projection->n_tables) {
        buf_printf(&words, "a record that is not a row of it: %s", what);
    } else {
        buf_printf(&words, "%s '", projection->tables[key.p[0]].name);
        for (size_t i = 1; i < key.n - 9; i++) {
            if (key.p[i] == 0x01) {
                buf_put_str(&words, ", ");
            } else {
                buf_put_u8(&words, key.p[i]);
            }
        }
        buf_printf(&words, "' of the segment that ends at %llu: %s", (unsigned long long)~be64_get(key.p + key.n - 8),
                   what);
    }
    buf_put_u8(&words, 0);
    report(c, projection, told, words.fail == 0 ? (const char *)words.p : what);
    buf_done(&words);
}

/* ---- what to compare ---- */

static int choose(struct checking *c, struct build *build, struct err *err) {
    struct replay *replay = NULL;
    int rc = replay_open(c->ledger, NULL, &replay, err);
    for (size_t i = 0; rc == 0 && i < PROJECTIONS_MAX && c->list[i] != NULL; i++) {
        struct store_record record;
        enum stored_use use = STORED_NOT;
        if ((c->which >> i & 1U) == 0) continue;
        rc = store_get(c->stored, c->list[i]->name, &record, err);
        if (rc == 0) rc = stored_judge(&record.current, c->list[i], state_tuning()->segment, replay, &use, err);
        if (rc == 0 && use == STORED_GOOD) {
            c->gen[i] = record.current;
            rc = build_add(build, c->list[i], false, record.current.position, err);
        }
    }
    replay_close(replay);
    return rc;
}

/* ---- comparing ---- */

struct side {
    struct store_dump dump;
    struct bytes key, bytes;
    bool there;
};

static int advance(struct side *side, struct err *err) {
    int rc = store_dump_next(&side->dump, &side->key, &side->bytes, err);
    side->there = rc == 0;
    return rc < 0 ? rc : 0;
}

static int compare_rows(struct checking *c, const struct projection *projection, struct side *stored, struct side *replayed,
                        struct err *err) {
    unsigned told = 0;
    int rc = advance(stored, err);
    if (rc == 0) rc = advance(replayed, err);
    while (rc == 0 && (stored->there || replayed->there)) {
        int order = !stored->there ? 1 : !replayed->there ? -1 : bytes_cmp(stored->key, replayed->key);
        if (order < 0) {
            report_row(c, projection, &told, stored->key, "stored, but a replay does not give it");
        } else if (order > 0) {
            report_row(c, projection, &told, replayed->key, "a replay gives it, but it is not stored");
        } else if (!bytes_eq(stored->bytes, replayed->bytes)) {
            report_row(c, projection, &told, stored->key, "stored differently from what a replay gives");
        }
        c->rows += order <= 0;
        rc = order <= 0 ? advance(stored, err) : 0;
        rc = rc == 0 && order >= 0 ? advance(replayed, err) : rc;
    }
    return rc;
}

static int compare(struct checking *c, size_t i, struct err *err) {
    const struct projection *projection = c->list[i];
    struct store_record record;
    struct side stored = {0}, replayed = {0};
    unsigned told = 0;
    int rc = store_get(c->replayed, projection->name, &record, err);
    if (rc == 0 && record.current.position < c->gen[i].position) {
        struct buf words = {.max = 4096};
        buf_printf(&words, "a replay stops at event %llu, which the stored states have passed: %s",
                   (unsigned long long)record.current.failed_seq, record.current.failed);
        buf_put_u8(&words, 0);
        report(c, projection, &told, words.fail == 0 ? (const char *)words.p : "a replay stops before");
        buf_done(&words);
        return 0;
    }
    if (rc == 0) rc = store_dump_open(&stored.dump, c->stored, c->gen[i].slot, err);
    if (rc == 0) rc = store_dump_open(&replayed.dump, c->replayed, record.current.slot, err);
    if (rc == 0) rc = compare_rows(c, projection, &stored, &replayed, err);
    store_dump_done(&stored.dump);
    store_dump_done(&replayed.dump);
    return rc;
}

static int check(struct checking *c, struct db *scratch, struct err *err) {
    struct build *build = NULL;
    bool excused = false;
    int rc = build_open(c->ledger, scratch, c->options, &build, err);
    if (rc == 0) rc = choose(c, build, err);
    if (rc == 0) rc = build_run(build, err);
    build_close(build);
    if (rc == 0) rc = erase_excuses(c->ledger, c->generation, &excused, err);
    if (rc != 0 || excused) return rc;
    rc = db_begin(scratch, false, &c->replayed, err);
    for (size_t i = 0; rc == 0 && i < PROJECTIONS_MAX && c->list[i] != NULL; i++) {
        rc = c->gen[i].there ? compare(c, i, err) : 0;
        c->compared |= c->gen[i].there ? UINT32_C(1) << i : 0;
    }
    db_abort(c->replayed);
    if (rc == 0) rc = attested_check(c->ledger, c->stored, c->list, c->which, c->differs, c->ctx, &c->rows, err);
    return rc;
}

static int try_check(void *ctx, struct err *err) {
    struct checking *c = ctx;
    struct db *db, *scratch = NULL;
    *c = (struct checking){.ledger = c->ledger,
                           .options = c->options,
                           .list = c->list,
                           .which = c->which,
                           .differs = c->differs,
                           .ctx = c->ctx,
                           .generation = db_generation(c->ledger->evidence)};
    int rc = derived_look(c->ledger, &db, err);
    if (rc == ERR_NOTFOUND) { /* nothing is stored, so nothing differs */
        return 0;
    }
    if (rc == 0) rc = db_begin(db, false, &c->stored, err);
    if (rc == 0) rc = derived_scratch(c->ledger, &scratch, err);
    if (rc == 0) rc = check(c, scratch, err);
    db_close(scratch);
    db_abort(c->stored);
    return rc;
}

int rebuild_check(struct ledger *ledger, const struct state_options *options, uint32_t which,
                  void (*differs)(void *ctx, const struct projection *projection, const char *why), void *ctx,
                  uint64_t *ret_rows, uint32_t *ret_which, struct err *err) {
    struct checking c = {.ledger = ledger, .options = options, .which = which, .differs = differs, .ctx = ctx};
    c.list = state_list_of(options);
    int rc = derived_work(ledger, try_check, &c, err);
    if (rc == 0) {
        *ret_rows = c.rows;
        *(ret_which != NULL ? ret_which : &c.which) = c.compared;
    }
    return rc;
}
