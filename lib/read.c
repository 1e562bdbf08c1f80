/* An event is the reader's current one, with access to its private fields. */
#include <ledger/read.h>

#include <stdlib.h>

#include "base/mp.h"
#include "lib/facade.h"
#include "query/condition/value.h"

int ledger_get_head(struct ledger *ledger, struct ledger_head *ret, struct ledger_error *error) {
    struct err err = {0};
    struct log_head head;
    int rc = log_head(ledger, &head, &err);
    if (rc == 0) {
        *ret = (struct ledger_head){.events = head.size, .time = head.time};
        memcpy(ret->root, head.root, LEDGER_HASH);
    }
    return facade_end(rc, &err, error);
}

/* ---- an event ---- */

uint64_t ledger_event_seq(const struct ledger_event *event) {
    return event->event->seq;
}

uint64_t ledger_event_time(const struct ledger_event *event) {
    return event->event->time;
}

uint32_t ledger_event_schema(const struct ledger_event *event) {
    return event->event->schema;
}

uint64_t ledger_event_cause(const struct ledger_event *event) {
    return event->event->has_cause ? event->event->cause : LEDGER_NO_SEQ;
}

int ledger_event_has_private(const struct ledger_event *event) {
    return event->event->has_private;
}

int ledger_event_is_erased(const struct ledger_event *event) {
    return event->event->body.n == 0;
}

struct ledger_bytes ledger_event_part(const struct ledger_event *event, int part) {
    const struct log_event *e = event->event;
    struct bytes bytes = {0};
    switch (part) {
    case LEDGER_PART_KIND:
        bytes = e->kind;
        break;
    case LEDGER_PART_SUBJECT:
        bytes = e->subject;
        break;
    case LEDGER_PART_ACTOR:
        bytes = e->actor;
        break;
    case LEDGER_PART_SOURCE:
        bytes = e->source;
        break;
    case LEDGER_PART_GRADE:
        bytes = e->grade;
        break;
    case LEDGER_PART_RUN:
        bytes = e->run;
        break;
    case LEDGER_PART_KEY:
        bytes = e->key;
        break;
    case LEDGER_PART_AUTHOR:
        bytes = e->author;
        break;
    case LEDGER_PART_HEADER:
        bytes = e->header;
        break;
    case LEDGER_PART_PAYLOAD:
        bytes = e->payload;
        break;
    case LEDGER_PART_BODY:
        bytes = e->body;
        break;
    case LEDGER_PART_SALT:
        bytes = (struct bytes){e->salt, e->body.n == 0 ? 0 : LOG_HASH};
        break;
    case LEDGER_PART_LEAF:
        bytes = (struct bytes){e->leaf, LOG_HASH};
        break;
    }
    return facade_borrow(bytes);
}

int ledger_event_field(const struct ledger_event *event, const char *name, struct ledger_value *ret,
                       struct ledger_error *error) {
    struct err err = {0};
    struct bytes raw;
    struct query_value value = {.type = QUERY_NULL};
    int rc = event->event->body.n == 0 ? ERR_NOTFOUND : mp_map_get(event->event->body, name, &raw);
    if (rc == 0) {
        value = value_of(raw);
    } else if (rc != ERR_NOTFOUND) {
        err_set(&err, rc, "event %llu: its body does not parse", (unsigned long long)event->event->seq);
    }
    rc = rc == ERR_NOTFOUND ? 0 : rc;
    if (rc == 0) {
        facade_value(&value, ret);
    }
    return facade_end(rc, &err, error);
}

int ledger_event_json(const struct ledger_event *event, unsigned json_flags, char **ret_json, size_t *ret_n,
                      struct ledger_error *error) {
    struct err err = {0};
    struct buf text = {.max = FACADE_TEXT_MAX}, private_ = {.max = FACADE_TEXT_MAX};
    int rc = 0;
    if ((json_flags & LEDGER_JSON_PRIVATE) != 0 && event->private_ != NULL) {
        rc = event->private_(event->ctx, &private_, &err);
    }
    if (rc == 0) {
        rc = log_event_json(event->event, bytes_of_buf(&private_), (json_flags & LEDGER_JSON_PRETTY) != 0, &text, &err);
    }
    rc = facade_text(rc, &text, ret_json, ret_n, &err);
    buf_done(&private_);
    return facade_end(rc, &err, error);
}

/* ---- in order ---- */

struct ledger_reader {
    struct log_reader *reader;
    struct log_event at;
    struct ledger_event event;
};

static int private_of(void *ctx, struct buf *out, struct err *err) {
    return log_reader_private(((struct ledger_reader *)ctx)->reader, out, err);
}

int ledger_reader_open(struct ledger *ledger, uint64_t from, uint64_t to, struct ledger_reader **ret,
                       struct ledger_error *error) {
    struct err err = {0};
    struct ledger_reader *reader = calloc(1, sizeof(*reader));
    int rc = reader == NULL ? err_set(&err, ERR_NOMEM, "no memory for a reader")
                            : log_reader_open(ledger, from, to, &reader->reader, &err);
    if (rc == 0) {
        reader->event = (struct ledger_event){&reader->at, private_of, reader};
        *ret = reader;
    } else {
        free(reader);
    }
    return facade_end(rc, &err, error);
}

int ledger_reader_next(struct ledger_reader *reader, const struct ledger_event **ret, struct ledger_error *error) {
    struct err err = {0};
    int rc = log_reader_next(reader->reader, &reader->at, &err);
    if (rc == 0) {
        *ret = &reader->event;
    }
    return facade_end(rc, &err, error);
}

void ledger_reader_seek(struct ledger_reader *reader, uint64_t seq) {
    log_reader_seek(reader->reader, seq);
}

void ledger_reader_close(struct ledger_reader *reader) {
    if (reader != NULL) {
        log_reader_close(reader->reader);
        free(reader);
    }
}

int ledger_read_json(struct ledger *ledger, uint64_t seq, unsigned json_flags, char **ret_json, size_t *ret_n,
                     struct ledger_error *error) {
    struct ledger_reader *reader = NULL;
    const struct ledger_event *event;
    struct err err = {0};
    int rc = ledger_reader_open(ledger, seq, seq == UINT64_MAX ? seq : seq + 1, &reader, error);
    if (rc == 0) rc = ledger_reader_next(reader, &event, error);
    if (rc == LEDGER_END) {
        rc = facade_end(err_set(&err, ERR_NOTFOUND, "there is no event %llu", (unsigned long long)seq), &err, error);
    }
    if (rc == 0) rc = ledger_event_json(event, json_flags, ret_json, ret_n, error);
    ledger_reader_close(reader);
    return rc;
}
