/* What all of them have in common. */
#include "doctor/probe/event.h"

int probe_event_add(struct log_batch *batch, const struct probe_event *event, struct err *err) {
    struct log_draft draft;
    log_draft_init(&draft);
    draft.kind = bytes_of(event->kind);
    draft.subject = bytes_of(event->subject);
    draft.actor = bytes_of(event->actor);
    draft.source = bytes_of("doctor");
    draft.grade = bytes_of(event->grade != NULL ? event->grade : "measured");
    draft.body = event->body;
    draft.private_ = event->private_;
    return log_batch_add(batch, &draft, err);
}
