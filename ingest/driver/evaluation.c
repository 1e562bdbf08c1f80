/* The key has its prefix in front, so that it says what it is of. */
#include "ingest/driver/evaluation.h"

#include <stdio.h>

#include "ingest/input/keyed_hash.h"

int evaluation_add(struct intake *run, const struct evaluation_event *event, struct err *err) {
    const struct bytes parts[] = {bytes_of(event->id), bytes_of(event->prefix), event->what};
    char hex[KEYED_HASH_HEX], key[KEYED_HASH_HEX + 16], subject[KEYED_HASH_HEX + 8];
    struct log_draft draft;
    keyed_hash_each(hex, intake_secret(run), parts, 3);
    snprintf(key, sizeof(key), "%s:%s", event->prefix, hex);
    snprintf(subject, sizeof(subject), "eval/%s", event->id);
    log_draft_init(&draft);
    draft.kind = bytes_of(event->kind);
    draft.subject = bytes_of(subject);
    draft.key = bytes_of(key);
    draft.grade = bytes_of("reported");
    draft.body = event->body;
    draft.cause_type = event->cause != 0 ? LOG_CAUSE_BATCH : LOG_CAUSE_NONE;
    draft.cause = event->cause;
    return intake_add(run, &draft, event->place, event->at, err);
}
