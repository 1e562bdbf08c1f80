/* One event for each change of sources.conf and of a unit. */
#include <stdio.h>

#include "base/hash.h"
#include "base/mp_map.h"
#include "cli/capture/sources.h"

static void put_digest(struct mp_map *body, const char *name, struct bytes of) {
    uint8_t digest[HASH_LEN];
    if (of.p == NULL) return;
    hash_parts(digest, &of, 1);
    mp_map_hash(body, name, digest);
}

int sources_edit_apply(struct ledger *ledger, struct sources_edit *edit, const struct sources_event *what,
                       struct log_receipt *ret, struct err *err) {
    struct sources_event event = *what;
    struct err why = {0};
    event.what = "source";
    event.path = edit->path;
    event.changed = edit->section;
    event.before = edit->existed ? bytes_of_buf(&edit->before) : (struct bytes){0};
    event.after = bytes_of_buf(&edit->after);
    int rc = sources_edit_write(edit, err);
    if (rc != 0) return rc;
    rc = sources_event_append(ledger, &event, ret, err);
    if (rc != 0 && sources_edit_revert(edit, &why) != 0) {
        err_prefix(err, "%s", why.msg);
    }
    return rc;
}

int sources_event_append(struct ledger *ledger, const struct sources_event *event, struct log_receipt *ret,
                         struct err *err) {
    bool applied = strcmp(event->kind, "setup.applied") == 0;
    char subject[SOURCES_NAME_MAX + 16], actor[CLI_ACTOR_MAX];
    struct buf encoded = {.max = 65536};
    struct log_draft draft;
    struct mp_map body;
    mp_map_init(&body, 65536);
    mp_map_text(&body, "name", bytes_of(event->name));
    mp_map_text(&body, "what", bytes_of(event->what));
    mp_map_uint(&body, "bytes", event->changed.n);
    mp_map_text(&body, "path", bytes_of(event->path));
    put_digest(&body, "digest_before", event->before);
    put_digest(&body, "digest_after", event->after);
    if (applied) {
        put_digest(&body, "inserted_digest", event->changed);
    } else {
        mp_map_bool(&body, "exact", true);
    }
    int rc = mp_map_write(&body, &encoded, err);
    snprintf(subject, sizeof(subject), "setup/%s", event->name);
    log_draft_init(&draft);
    draft.kind = bytes_of(event->kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(cli_actor(event->actor, actor));
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&encoded);
    if (rc == 0) rc = log_append(ledger, &draft, ret, NULL, err);
    mp_map_done(&body);
    buf_done(&encoded);
    return rc;
}
