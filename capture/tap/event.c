/* Private content has a limit for each event; of what is past it the digest is kept, and the event says which it is. */
#include "capture/tap/event.h"

#include <stdio.h>

#include "base/json.h"
#include "base/mp.h"

#define VALUES_MAX ((size_t)2 << 20)
#define ROOM       ((size_t)768 << 10) /* of the 1 MiB of private fields: masks may be longer than what they mask */
#define TEXT_MAX   ((size_t)64 << 20)

void tap_draft_init(struct tap_draft *d) {
    memset(d, 0, sizeof(*d));
    mp_map_init(&d->fields, VALUES_MAX);
    buf_init(&d->body, VALUES_MAX + 4096);
    buf_init(&d->text, TEXT_MAX);
}

void tap_draft_done(struct tap_draft *d) {
    mp_map_done(&d->fields);
    buf_done(&d->body);
    buf_done(&d->text);
}

void tap_draft_begin(struct tap_draft *d, const char *kind, const char *grade, uint64_t at) {
    d->kind = kind;
    d->grade = grade;
    mp_map_clear(&d->fields);
    d->subject[0] = d->actor[0] = d->run[0] = d->key[0] = d->cause_key[0] = '\0';
    d->room = ROOM;
    d->n_left_out = 0;
    mp_map_uint(&d->fields, "at", at);
}

void tap_draft_subject(struct tap_draft *d, const char *family, const char *name) {
    (void)snprintf(d->subject, sizeof(d->subject), "%s/%s", family, name);
}

void tap_draft_private(struct tap_draft *d, const char *name, struct bytes raw) {
    struct mp_reader r;
    if (raw.n == 0) return;
    mp_reader_init(&r, raw);
    if (raw.n > d->room || mp_skip(&r, 2, NULL, NULL) != 0) {
        if (d->n_left_out < sizeof(d->left_out) / sizeof(d->left_out[0])) d->left_out[d->n_left_out++] = name;
        return;
    }
    d->room -= raw.n;
    mp_map_raw(&d->fields, name, raw);
}

void tap_draft_content(struct tap_draft *d, const char *name, const char *digest, const char *bytes, struct bytes raw) {
    struct mp_item item;
    struct bytes text;
    uint8_t sum[HASH_LEN];
    if (raw.n == 0) return;
    if (mp_scalar(raw, &item) == 0 && item.type == MP_STR) {
        text = item.data;
    } else {
        buf_clear(&d->text);
        (void)json_from_mp(raw, JSON_LINE, &d->text, NULL);
        text = bytes_of_buf(&d->text);
    }
    if (digest != NULL) {
        hash_parts(sum, &text, 1);
        mp_map_hash(&d->fields, digest, sum);
    }
    if (bytes != NULL) mp_map_uint(&d->fields, bytes, text.n);
    if (name != NULL) tap_draft_private(d, name, raw);
}

int tap_draft_write(struct tap_draft *d, struct err *err) {
    if (d->n_left_out > 0) {
        mp_map_begin(&d->fields, "left_out");
        mp_put_array(&d->fields.values, d->n_left_out);
        for (uint32_t i = 0; i < d->n_left_out; i++) {
            mp_put_text(&d->fields.values, d->left_out[i]);
        }
        mp_map_end(&d->fields);
    }
    buf_clear(&d->body);
    return mp_map_write(&d->fields, &d->body, err);
}

int tap_draft_give(struct tap_draft *d, const struct tap_sink *sink, struct err *err) {
    int rc = tap_draft_write(d, err);
    const struct tap_event event = {.kind = d->kind,
                                    .grade = d->grade,
                                    .subject = bytes_of(d->subject),
                                    .actor = bytes_of(d->actor),
                                    .run = bytes_of(d->run),
                                    .key = bytes_of(d->key),
                                    .cause_key = bytes_of(d->cause_key),
                                    .body = bytes_of_buf(&d->body)};
    return rc == 0 ? sink->event(sink->ctx, &event, err) : rc;
}
