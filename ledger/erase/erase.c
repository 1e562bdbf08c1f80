/* Erasing, from outside the commit: what the caller may ask for, and the request. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/write/commit.h"

#define REASON_MAX 64

static int by_seq(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* A word is open and stays for ever. */
static bool is_word(const char *text) {
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        char ch = text[i];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-' || ch == '.')) {
            return false;
        }
    }
    return n > 0 && n <= REASON_MAX;
}

static int check_options(const struct log_erase_options *o, struct err *err) {
    bool artifact = o->what == LOG_ERASE_ARTIFACT;
    if (o->reason == NULL || !is_word(o->reason)) {
        return err_set(err, ERR_INVALID, "the reason must be a word of a-z, 0-9, '_', '-' and '.', at most %d bytes",
                       REASON_MAX);
    }
    if (o->actor == NULL || o->actor[0] == '\0') {
        return err_set(err, ERR_INVALID, "an actor is needed");
    }
    if (artifact ? o->artifact == NULL || o->n_seqs > 0 : o->n_seqs == 0 || o->artifact != NULL) {
        return err_set(err, ERR_INVALID, "either events or one artifact can be erased");
    }
    if (o->n_fields > 0 && o->what != LOG_ERASE_PRIVATE) {
        return err_set(err, ERR_INVALID, "only private fields are erased by name");
    }
    for (size_t i = 0; i < o->n_fields; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(o->fields[i], o->fields[k]) == 0) {
                return err_set(err, ERR_INVALID, "the field '%.64s' is named twice", o->fields[i]);
            }
        }
    }
    return o->n_seqs > LOG_ERASE_MAX
               ? err_set(err, ERR_LIMIT, "%zu events at once, at most %d are accepted", o->n_seqs, LOG_ERASE_MAX)
               : 0;
}

/* Sorted, each once; with the artifact's full name. */
static int sort_options(struct log_erase_options *o, uint64_t **ret_seqs, char id[LOG_ARTIFACT_ID], struct err *err) {
    uint8_t digest[EVENT_HASH];
    size_t n = 0;
    if (o->what == LOG_ERASE_ARTIFACT) {
        struct bytes text = bytes_of(o->artifact);
        if (bytes_has_prefix(text, "artifact:sha256:")) {
            text.p += 16;
            text.n -= 16;
        }
        if (text_unhex(digest, sizeof(digest), text) != 0) {
            return err_set(err, ERR_INVALID, "'%.100s' is not an artifact id; expected artifact:sha256:<64 hex digits>",
                           o->artifact);
        }
        memcpy(id, "artifact:sha256:", 16);
        text_hex(id + 16, digest, sizeof(digest));
        o->artifact = id;
        return 0;
    }
    uint64_t *seqs = malloc(o->n_seqs * sizeof(*seqs));
    if (seqs == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    memcpy(seqs, o->seqs, o->n_seqs * sizeof(*seqs));
    qsort(seqs, o->n_seqs, sizeof(*seqs), by_seq);
    for (size_t i = 0; i < o->n_seqs; i++) {
        if (i == 0 || seqs[i] != seqs[i - 1]) {
            seqs[n++] = seqs[i];
        }
    }
    o->seqs = *ret_seqs = seqs;
    o->n_seqs = n;
    return 0;
}

int log_erase(struct ledger *ledger, const struct log_erase_options *options, struct log_receipt *ret, struct err *err) {
    struct log_erase_options o = *options;
    struct commit_request request = {.erase = &o, .control = true};
    uint64_t *seqs = NULL;
    char id[LOG_ARTIFACT_ID];
    int rc = check_options(&o, err);
    if (rc == 0) rc = sort_options(&o, &seqs, id, err);
    if (rc == 0) rc = commit_alone(ledger, &request, ret, err);
    free(seqs);
    return rc;
}
