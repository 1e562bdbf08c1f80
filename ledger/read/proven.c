/* A checkpoint whose signature was checked, and events with their paths to its root. */
#include "ledger/read/proven.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "ledger/core/core.h"

struct proven {
    struct core_view view;
    struct log_reader *reader;
    uint64_t size;
    uint8_t root[MERKLE_HASH];
};

static int check_note(struct proven *proven, struct bytes bytes, const struct ledger *ledger, struct err *err) {
    struct note *note = malloc(sizeof(*note));
    struct checkpoint point;
    if (note == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    int rc = note_decode(bytes, note, err);
    if (rc == 0) rc = checkpoint_decode(note->text, &point, err);
    if (rc == 0 && (!bytes_is(point.origin, ledger->origin) || note_check_key(note, &ledger->log, NULL) != NOTE_GOOD)) {
        rc = err_set(err, ERR_TAMPERED, "the newest checkpoint is not signed by the log key of '%s'", ledger->origin);
    }
    if (rc == 0) {
        proven->size = point.size;
        memcpy(proven->root, point.root, MERKLE_HASH);
    }
    free(note);
    return rc;
}

int proven_open(struct ledger *ledger, struct proven **ret, struct err *err) {
    struct proven *proven = calloc(1, sizeof(*proven));
    struct bytes note;
    if (proven == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    int rc = core_view_begin(ledger, &proven->view, err);
    if (rc != 0) {
        free(proven);
        return rc;
    }
    rc = core_checkpoint_get(proven->view.txn, &note, err);
    if (rc == 0) rc = check_note(proven, note, ledger, err);
    if (rc == 0) rc = log_reader_open(ledger, 0, proven->size, &proven->reader, err);
    if (rc != 0) {
        proven_close(proven);
        return rc;
    }
    *ret = proven;
    return 0;
}

void proven_close(struct proven *proven) {
    if (proven != NULL) {
        log_reader_close(proven->reader);
        core_view_end(&proven->view);
        free(proven);
    }
}

int proven_event(struct proven *proven, uint64_t seq, struct log_event *ret, struct err *err) {
    struct merkle_proof path;
    struct log_event event;
    log_reader_seek(proven->reader, seq);
    int rc = log_reader_next(proven->reader, &event, err);
    if (rc == 1) {
        return err_set(err, ERR_NOTFOUND, "there is no event %llu", (unsigned long long)seq);
    }
    if (rc == 0) rc = merkle_prove_inclusion(seq, proven->size, core_node, &proven->view, &path, err);
    if (rc == 0 && !merkle_check_inclusion(seq, proven->size, event.leaf, &path, proven->root)) {
        rc = err_set(err, ERR_TAMPERED, "event %llu is not in the tree of %llu event%s that was signed",
                     (unsigned long long)seq, (unsigned long long)proven->size, text_s(proven->size));
    }
    if (rc == 0) {
        *ret = event;
    }
    return rc;
}

bool proven_leaf(struct ledger *ledger, uint64_t seq, const uint8_t leaf[LOG_HASH]) {
    struct proven *proven = NULL;
    struct log_event event;
    bool same = proven_open(ledger, &proven, NULL) == 0 && proven_event(proven, seq, &event, NULL) == 0 &&
                memcmp(event.leaf, leaf, LOG_HASH) == 0;
    proven_close(proven);
    return same;
}

/* The generation of the database is part of it. */
static void name_fact(struct ledger *ledger, const uint8_t fact[LOG_HASH], uint8_t ret[LOG_HASH]) {
    uint8_t generation[8];
    const struct bytes parts[] = {{generation, sizeof(generation)}, {fact, LOG_HASH}};
    be64_put(generation, db_generation(ledger->evidence));
    hash_parts(ret, parts, 2);
}

bool proven_knows(struct ledger *ledger, const uint8_t fact[LOG_HASH]) {
    uint8_t name[LOG_HASH];
    name_fact(ledger, fact, name);
    pthread_mutex_lock(&ledger->proven_lock);
    bool knows = ledger->has_proven && memcmp(ledger->proven, name, LOG_HASH) == 0;
    pthread_mutex_unlock(&ledger->proven_lock);
    return knows;
}

void proven_learn(struct ledger *ledger, const uint8_t fact[LOG_HASH]) {
    uint8_t name[LOG_HASH];
    name_fact(ledger, fact, name);
    pthread_mutex_lock(&ledger->proven_lock);
    memcpy(ledger->proven, name, LOG_HASH);
    ledger->has_proven = true;
    pthread_mutex_unlock(&ledger->proven_lock);
}
