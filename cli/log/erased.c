/* Bodies of ledger.erased name the events and the private fields; without names, all private fields were erased. */
#include "cli/log/erased.h"

#include "base/mp.h"
#include "base/obj.h"
#include "base/text.h"
#include "cli/log/kind_events.h"
#include "ledger/event/erased.h"

#define WORDS_MAX ((size_t)1 << 20)

struct looking {
    uint64_t seq;
    bool named;
    struct erased *erased;
};

static int is_named(void *ctx, uint64_t seq, struct err *err) {
    struct looking *looking = ctx;
    (void)err;
    looking->named = looking->named || seq == looking->seq;
    return 0;
}

static void put_fields(struct erased *erased, struct obj *one, const struct log_event *event) {
    struct bytes raw;
    struct mp_reader r;
    struct mp_item item;
    if (mp_map_get(event->body, "fields", &raw) == 0) {
        obj_raw(one, "fields", raw);
        mp_reader_init(&r, raw);
        uint32_t n = mp_next(&r, &item, NULL) == 0 && item.type == MP_ARRAY ? item.count : 0;
        for (uint32_t i = 0; i < n && mp_next(&r, &item, NULL) == 0 && item.type == MP_STR; i++) {
            buf_put_str(&erased->fields, i > 0 ? ", " : "");
            text_safe(&erased->fields, item.data);
        }
    } else {
        buf_put_str(&erased->fields, "all private fields");
    }
    buf_printf(&erased->fields, ": erased by event %llu\n", (unsigned long long)event->seq);
}

static int note_erasure(void *ctx, const struct log_event *event, struct err *err) {
    struct looking *looking = ctx;
    struct erased *erased = looking->erased;
    enum log_erase_what what;
    struct obj one = {0};
    looking->named = false;
    if (event->body.n == 0 || erased_what(event->body, &what, NULL) != 0 || what == LOG_ERASE_ARTIFACT ||
        erased_events(event->body, event->seq, is_named, looking, NULL) != 0 || !looking->named) {
        return 0;
    }
    obj_uint(&one, "event", event->seq);
    obj_text(&one, "what", what == LOG_ERASE_BODY ? "body" : "private");
    if (what == LOG_ERASE_PRIVATE) {
        put_fields(erased, &one, event);
    } else if (erased->body == LOG_NO_SEQ) {
        erased->body = event->seq;
    }
    obj_obj(&erased->list, NULL, &one);
    return buf_check(&erased->fields, "names of fields", err);
}

int erased_load(struct ledger *ledger, uint64_t seq, struct erased *ret, struct err *err) {
    struct looking looking = {.seq = seq, .erased = ret};
    *ret = (struct erased){.body = LOG_NO_SEQ};
    buf_init(&ret->fields, WORDS_MAX);
    return kind_events(ledger, "ledger.erased", seq, NULL, note_erasure, &looking, err);
}

void erased_done(struct erased *erased) {
    obj_done(&erased->list);
    buf_done(&erased->fields);
}
