/* Corrections and erasures are looked for once, and then only among the events that are new. */
#include "cli/serve/shown.h"

#include <string.h>

#include "base/mp.h"
#include "cli/log/erased.h"
#include "cli/log/kind_events.h"
#include "cli/serve/access_event.h"

#define MARKS_MAX ((size_t)1 << 20)

void shown_init(struct shown *shown, struct ledger *ledger) {
    *shown = (struct shown){.ledger = ledger, .look = {log_dir(ledger), COMPARE_STATUS}};
    pthread_mutex_init(&shown->lock, NULL);
}

static int add_correction(void *ctx, const struct log_event *event, struct err *err) {
    struct shown *shown = ctx;
    return corrected_add(&shown->corrected, event, err);
}

static int count_erasure(void *ctx, const struct log_event *event, struct err *err) {
    struct shown *shown = ctx;
    (void)event;
    (void)err;
    shown->erasures++;
    return 0;
}

static void drop(struct shown *shown) {
    corrected_done(&shown->corrected);
    shown->size = shown->erasures = 0;
}

/* Events may be added meanwhile; what is noted of them now is noted once more later, which changes nothing. */
static int catch_up(struct shown *shown, uint64_t size, struct err *err) {
    if (size <= shown->size) return 0;
    int rc = kind_events(shown->ledger, "ledger.corrected", shown->size, NULL, add_correction, shown, err);
    if (rc == 0) rc = kind_events(shown->ledger, "ledger.erased", shown->size, NULL, count_erasure, shown, err);
    corrected_order(&shown->corrected);
    if (rc == 0) {
        shown->size = size;
    } else { /* what was added is not known to be all */
        drop(shown);
    }
    return rc;
}

/* What is known of one event as of `size` events. */
static int marks_of(struct shown *shown, uint64_t seq, uint64_t size, struct log_event_marks *ret, bool *ret_erasures,
                    struct err *err) {
    pthread_mutex_lock(&shown->lock);
    int rc = catch_up(shown, size, err);
    const struct corrected_one *one = corrected_find(&shown->corrected, seq);
    ret->corrected_by = one != NULL ? one->by : LOG_NO_SEQ;
    *ret_erasures = shown->erasures > 0;
    pthread_mutex_unlock(&shown->lock);
    return rc;
}

static int put(const struct shown *shown, const struct log_event *event, struct log_event_marks *marks, bool erasures,
               struct buf *out, struct err *err) {
    struct buf list = {.max = MARKS_MAX};
    struct erased erased = {0};
    int rc = erasures ? erased_load(shown->ledger, event->seq, &erased, err) : 0;
    if (rc == 0 && erased.list.n > 0) {
        mp_put_array(&list, erased.list.n);
        buf_put_bytes(&list, bytes_of_buf(&erased.list.items));
        marks->erased = bytes_of_buf(&list);
        rc = buf_check(&list, "what was erased", err);
    }
    if (rc == 0) rc = log_event_json_marked(event, (struct bytes){0}, marks, false, out, err);
    if (erasures) erased_done(&erased);
    buf_done(&list);
    return rc;
}

/* A reader at this event: one that was used before, if there is one. */
static int take_reader(struct shown *shown, uint64_t seq, struct log_reader **ret, struct err *err) {
    struct log_reader *reader = NULL;
    pthread_mutex_lock(&shown->lock);
    if (shown->n_readers > 0) reader = shown->readers[--shown->n_readers];
    pthread_mutex_unlock(&shown->lock);
    if (reader == NULL) return log_reader_open(shown->ledger, seq, seq + 1, ret, err);
    *ret = reader;
    return log_reader_again(reader, seq, seq + 1, err);
}

static void give_back(struct shown *shown, struct log_reader *reader) {
    pthread_mutex_lock(&shown->lock);
    bool kept = shown->n_readers < SHOWN_READERS;
    if (kept) shown->readers[shown->n_readers++] = reader;
    pthread_mutex_unlock(&shown->lock);
    if (!kept) log_reader_close(reader);
}

void shown_rest(void *ctx) {
    struct shown *shown = ctx;
    struct log_reader *readers[SHOWN_READERS];
    pthread_mutex_lock(&shown->lock);
    size_t n = shown->n_readers;
    memcpy(readers, shown->readers, sizeof(readers));
    shown->n_readers = 0;
    pthread_mutex_unlock(&shown->lock);
    for (size_t i = 0; i < n; i++) {
        log_reader_close(readers[i]);
    }
}

int shown_event(void *ctx, uint64_t seq, struct buf *out, struct err *err) {
    struct shown *shown = ctx;
    struct log_reader *reader = NULL;
    struct log_event event;
    struct log_head head = {0};
    struct log_event_marks marks = {0};
    bool erasures = false;
    int rc = log_head(shown->ledger, &head, err);
    if (rc == 0 && seq >= head.size) {
        rc = err_set(err, ERR_NOTFOUND, "there is no event %llu: the newest is %llu", (unsigned long long)seq,
                     (unsigned long long)head.size - 1);
    }
    if (rc == 0) rc = marks_of(shown, seq, head.size, &marks, &erasures, err);
    if (rc == 0) rc = take_reader(shown, seq, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &event, err);
    if (rc == 0) rc = put(shown, &event, &marks, erasures, out, err);
    if (reader != NULL) give_back(shown, reader);
    return rc == 1 ? err_set(err, ERR_NOTFOUND, "there is no event %llu", (unsigned long long)seq) : rc;
}

int shown_record(void *ctx, const struct meter_due *due, uint64_t now, struct err *err) {
    const struct shown *shown = ctx;
    return access_event_due(shown->ledger, due, now, err);
}

void shown_done(struct shown *shown) {
    drop(shown);
    shown_rest(shown);
    pthread_mutex_destroy(&shown->lock);
}
