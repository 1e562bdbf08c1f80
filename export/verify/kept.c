/* Copies in a list, in the order of the log. A stranger's bundle may hold many corrections of many events: both memory
 * and folds are limited, and past the limits states are not judged. */
#include "export/verify/kept.h"

#include <stdlib.h>
#include <string.h>

#include "projections/fold/correct.h"

#define KEPT_MAX  ((size_t)8 << 20)
#define FOLDS_MAX 4000000 /* some seconds */

struct kept_event {
    struct log_event event; /* its texts are in `bytes` */
    struct kept_event *next;
    uint64_t corrected_by; /* LOG_NO_SEQ: none */
    uint8_t bytes[];
};

struct kept {
    struct kept_event *first, **last;
    size_t n, bytes;
    uint64_t folds;
    bool forgotten;
    struct fold_input *input;
};

static void forget(struct kept *kept) {
    while (kept->first != NULL) {
        struct kept_event *next = kept->first->next;
        free(kept->first);
        kept->first = next;
    }
    kept->last = &kept->first;
    kept->n = 0;
}

int kept_new(struct kept **ret, struct err *err) {
    struct kept *kept = calloc(1, sizeof(*kept));
    if (kept == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    kept->last = &kept->first;
    int rc = fold_input_new(upcast_all, upcast_count, &kept->input, err);
    if (rc != 0) {
        free(kept);
        return rc;
    }
    *ret = kept;
    return 0;
}

void kept_free(struct kept *kept) {
    if (kept != NULL) {
        forget(kept);
        fold_input_free(kept->input);
        free(kept);
    }
}

int kept_add(struct kept *kept, const struct log_event *event, struct err *err) {
    struct log_event copy = *event;
    struct bytes *const texts[] = {&copy.kind, &copy.subject, &copy.actor, &copy.source, &copy.grade,
                                   &copy.run,  &copy.key,     &copy.body,  &copy.author};
    const size_t n_texts = sizeof(texts) / sizeof(texts[0]);
    struct kept_event *one;
    size_t n = sizeof(*one);
    for (size_t i = 0; i < n_texts; i++) {
        n += texts[i]->n;
    }
    kept->forgotten = kept->forgotten || kept->bytes + n > KEPT_MAX;
    if (kept->forgotten) {
        forget(kept);
        return 0;
    }
    if ((one = malloc(n)) == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    uint8_t *at = one->bytes;
    for (size_t i = 0; i < n_texts; i++) {
        if (texts[i]->n > 0) {
            memcpy(at, texts[i]->p, texts[i]->n);
        }
        texts[i]->p = at;
        at += texts[i]->n;
    }
    copy.header = (struct bytes){NULL, 0};
    copy.payload = (struct bytes){NULL, 0};
    one->event = copy;
    one->next = NULL;
    one->corrected_by = LOG_NO_SEQ;
    *kept->last = one;
    kept->last = &one->next;
    kept->bytes += n;
    kept->n++;
    return 0;
}

int kept_correct(struct kept *kept, const struct log_event *event, const struct log_event **ret, struct err *ret_why) {
    uint8_t leaf[LOG_HASH];
    uint64_t seq = 0;
    *ret = NULL;
    if (!correct_names(event->body, &seq, leaf)) return 0;
    if (kept->forgotten) {
        err_set(ret_why, ERR_LIMIT, "event %llu corrects another, and there are too many events to fold again",
                (unsigned long long)event->seq);
        return 1;
    }
    for (struct kept_event *one = kept->first; one != NULL && one->event.seq <= seq; one = one->next) {
        if (one->event.seq == seq && one->corrected_by == LOG_NO_SEQ && memcmp(one->event.leaf, leaf, LOG_HASH) == 0 &&
            !bytes_has_prefix(one->event.kind, "ledger.")) {
            one->corrected_by = event->seq;
            *ret = &one->event;
        }
    }
    return 0;
}

/* Folds all kept events except those that were corrected before `by` or, unless `with`, by it. 1 like kept_apply. */
static int fold_all(struct kept *kept, const struct projection *projection, uint64_t by, bool with, size_t bytes_max,
                    struct rows *rows, struct err *ret_why, struct err *err) {
    struct fold *fold = NULL;
    struct err why = {0};
    int rc = fold_new(projection, rows, &fold, err);
    for (struct kept_event *one = kept->first; one != NULL && rc == 0; one = one->next) {
        bool skipped = one->corrected_by < by || (one->corrected_by == by && !with);
        if (skipped || !projection_takes(projection, one->event.kind)) continue;
        rc = fold_input_set(kept->input, &one->event, &why);
        if (rc == 0) rc = fold_apply(fold, kept->input, &why);
        if (rc == ERR_NOMEM) {
            err_set(err, rc, "%s", why.msg);
        } else if (rc != 0) {
            err_set(ret_why, ERR_INVALID, "event %llu cannot be folded: %.100s", (unsigned long long)one->event.seq,
                    why.msg);
            rc = 1;
        } else if (rows_bytes(rows) > bytes_max) {
            err_set(ret_why, ERR_LIMIT, "they take too much memory");
            rc = 1;
        }
    }
    fold_free(fold);
    return rc;
}

int kept_apply(struct kept *kept, const struct projection *projection, const struct log_event *event, size_t bytes_max,
               struct rows *rows, struct err *ret_why, struct err *err) {
    struct rows *with = NULL, *without = NULL;
    kept->folds += 2 * (uint64_t)kept->n;
    if (kept->folds > FOLDS_MAX) {
        err_set(ret_why, ERR_LIMIT, "event %llu corrects another, and there were too many corrections",
                (unsigned long long)event->seq);
        return 1;
    }
    int rc = rows_new(NULL, &with, err);
    if (rc == 0) rc = rows_new(NULL, &without, err);
    if (rc == 0) rc = fold_all(kept, projection, event->seq, true, bytes_max / 2, with, ret_why, err);
    if (rc == 0) rc = fold_all(kept, projection, event->seq, false, bytes_max / 2, without, ret_why, err);
    if (rc == 0) rc = correct_take_over(rows, projection, event, with, without, err);
    rows_free(with);
    rows_free(without);
    return rc;
}
