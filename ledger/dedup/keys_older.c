/* Chooses where older keys are looked up. Segments that cover more win, since fewer keys then stay in memory. */
#include "ledger/dedup/keys_older.h"

#include "ledger/dedup/hints.h"
#include "ledger/dedup/keeper.h"
#include "ledger/dedup/keyproof.h"
#include "ledger/store/scratch.h"

/* How many events derived segments cover, as far as is known without waiting for other processes. */
static uint64_t covered_by_derived(struct ledger *ledger) {
    struct db *db = ledger->keys_doubted ? NULL : ledger->segments;
    uint64_t covered = 0;
    return db != NULL && segments_covered(db, &covered, NULL) == 0 ? covered : 0;
}

static uint64_t covered_at_all(struct ledger *ledger) {
    uint64_t derived = covered_by_derived(ledger);
    return derived > ledger->write.stand_in_covers ? derived : ledger->write.stand_in_covers;
}

static void stand_in_drop(struct ledger *ledger) {
    db_close(ledger->write.stand_in);
    ledger->write.stand_in = NULL;
    ledger->write.stand_in_covers = 0;
}

static int stand_in_build(struct ledger *ledger, uint64_t until, struct err *err) {
    static const char *const tables[HINTS_TABLES] = {HINTS_NAMES};
    struct err why = {0};
    int rc = 0;
    if (ledger->write.stand_in == NULL) {
        rc = scratch_db_open(tables, HINTS_TABLES, ledger->config.map_bytes, &ledger->write.stand_in, &why);
    }
    if (rc == 0) rc = segments_build(ledger, ledger->write.stand_in, until, &ledger->write.stand_in_covers, &why);
    if (rc == 0 && ledger->write.stand_in_covers < until) {
        rc = err_set(&why, ERR_IO, "%llu events are covered", (unsigned long long)ledger->write.stand_in_covers);
    }
    if (rc == 0) return 0;
    stand_in_drop(ledger);
    return err_set(err, rc == ERR_FULL ? ERR_IO : rc,
                   "older idempotency keys cannot be looked up: derived data is out of reach, and a stand-in: %s", why.msg);
}

int keys_older_ready(struct ledger *ledger, const struct head *head, struct err *err) {
    bool crowded = ledger->write.keys != NULL && keys_crowded(ledger->write.keys);
    uint64_t want = crowded ? head->size / CORE_SEGMENT * CORE_SEGMENT : head->keyed_from;
    if (ledger->keys_doubted || (ledger->segments == NULL && (segments_due(head) || head->keyed_from > 0))) {
        keeper_ask(ledger); /* though this commit may not need it */
    }
    if (ledger->segments == NULL && ledger->write.keys == NULL && head->size >= head->keyed_from + KEYPROOF_EVENTS) {
        keeper_ask(ledger); /* for vouched-for runs: without them events are unpacked */
        keeper_wait(ledger);
    }
    if (want == 0 || covered_at_all(ledger) >= want) return 0;
    keeper_ask(ledger);
    keeper_wait(ledger);
    if (covered_at_all(ledger) >= want) return 0;
    int rc = stand_in_build(ledger, want, err);
    return covered_at_all(ledger) >= head->keyed_from ? 0 : rc;
}

/* 1: they have no voucher, and a replacement has to be built. */
static int prove(struct ledger *ledger, struct core_view *truth, struct segments_view *view, bool derived,
                 struct err *err) {
    int rc = segments_view_prove(ledger, view, truth, err);
    if (rc == 0 || !segments_view_doubted(view)) return rc;
    segments_view_close(view);
    if (derived) {
        ledger->keys_doubted = true;
    } else {
        stand_in_drop(ledger);
    }
    return 1;
}

int keys_older_view(struct ledger *ledger, struct core_view *truth, struct segments_view **ret, struct err *err) {
    const struct head *head = &truth->head;
    struct segments_view *view = NULL;
    struct db *db = ledger->keys_doubted ? NULL : ledger->segments;
    if (head->keyed_from == 0 && !segments_due(head)) {
        *ret = NULL;
        return 0;
    }
    if (db != NULL && segments_view_open(db, &view, NULL) != 0) {
        ledger->segments = NULL; /* damaged, or of a generation that is gone: to be opened again */
    }
    uint64_t covered = view == NULL ? 0 : segments_view_covered(view);
    if (covered >= ledger->write.stand_in_covers) {
        stand_in_drop(ledger);
    } else {
        segments_view_close(view);
        view = NULL;
        int rc = segments_view_open(ledger->write.stand_in, &view, err);
        if (rc != 0) return rc;
        covered = segments_view_covered(view);
    }
    if (covered < head->keyed_from) {
        segments_view_close(view);
        return 1;
    }
    int rc = view == NULL ? 0 : prove(ledger, truth, view, covered > ledger->write.stand_in_covers, err);
    if (rc == 0) {
        *ret = view;
    }
    return rc;
}
