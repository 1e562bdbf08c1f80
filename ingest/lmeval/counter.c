/* Over all samples of a task: the number of documents, each counted once for all its filters, and the harness's digest of
 * them:
 *
 *   task_hashes[TASK] = SHA-256(doc_hash || prompt_hash || target_hash of each sample, as hex text, in their order)
 *
 * An equal digest means that the file has all samples that the results were computed from, with the same questions and
 * expected answers. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/lmeval/lmeval.h"

#define SEEN_FIRST 4096 /* bytes */

int lmeval_counter_init(struct lmeval_counter *c, struct err *err) {
    memset(c, 0, sizeof(*c));
    c->whole = true;
    c->hash = hash_new();
    int rc = lmeval_means_new(&c->means, err);
    return rc != 0 || c->hash != NULL ? rc : err_set(err, ERR_NOMEM, "lm-eval: out of memory");
}

void lmeval_counter_done(struct lmeval_counter *c) {
    free(c->seen);
    hash_free(c->hash);
    lmeval_means_free(c->means);
    c->means = NULL;
    c->seen = NULL;
    c->hash = NULL;
}

static int make_room(struct lmeval_counter *c, size_t byte, struct err *err) {
    size_t cap = c->cap == 0 ? SEEN_FIRST : c->cap;
    while (cap <= byte) {
        cap *= 2;
    }
    if (cap == c->cap) return 0;
    uint8_t *seen = realloc(c->seen, cap);
    if (seen == NULL) return err_set(err, ERR_NOMEM, "lm-eval: out of memory");
    memset(seen + c->cap, 0, cap - c->cap);
    c->seen = seen;
    c->cap = cap;
    return 0;
}

int lmeval_counter_take(struct lmeval_counter *c, const struct lmeval_sample *sample, struct err *err) {
    lmeval_means_take(c->means, sample);
    for (size_t i = 0; i < 3; i++) {
        c->whole = c->whole && sample->hashes[i].n > 0;
        hash_put(c->hash, sample->hashes[i].p, sample->hashes[i].n);
    }
    if (!sample->numbered || sample->number >= LMEVAL_NUMBERED_MAX) {
        c->documents++;
        return 0;
    }
    size_t byte = (size_t)sample->number / 8;
    uint8_t bit = (uint8_t)(1U << sample->number % 8);
    int rc = make_room(c, byte, err);
    if (rc == 0 && (c->seen[byte] & bit) == 0) {
        c->seen[byte] |= bit;
        c->documents++;
    }
    return rc;
}

void lmeval_counter_lost(struct lmeval_counter *c) {
    c->whole = false;
    c->lost = true;
}

void lmeval_counter_end(struct lmeval_counter *c, struct lmeval_task *task) {
    struct bytes wanted = lmeval_sha256(task->hash);
    uint8_t digest[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    hash_end(c->hash, digest);
    text_hex(hex, digest, HASH_LEN);
    task->has_samples = true;
    task->samples = c->documents;
    lmeval_means_free(task->means);
    task->means = c->lost ? NULL : c->means;
    c->means = c->lost ? c->means : NULL;
    task->differs = c->whole && wanted.n > 0 && !bytes_is(wanted, hex);
}
