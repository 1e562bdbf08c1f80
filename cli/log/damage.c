/* Messages name the range of events, so equal messages mean the same damage. When the buffer is full, a message may be
 * reported again rather than not at all. */
#include "cli/log/damage.h"

#include <string.h>

#include "cli/print/say.h"

#define SAID_MAX ((size_t)1 << 20)

void damage_init(struct damage *damage, struct cli *cli) {
    *damage = (struct damage){.cli = cli};
    buf_init(&damage->said, SAID_MAX);
}

void damage_done(struct damage *damage) {
    buf_done(&damage->said);
}

static const char *message_at(const struct damage *damage, size_t at) {
    return at < damage->said.n ? (const char *)damage->said.p + at : NULL;
}

bool damage_note(void *ctx, const struct err *err) {
    struct damage *damage = ctx;
    const char *message;
    for (size_t at = 0; (message = message_at(damage, at)) != NULL; at += strlen(message) + 1) {
        if (strcmp(message, err->msg) == 0) return false;
    }
    damage->n++;
    if (!damage->said.fail && damage->said.n + sizeof(err->msg) < SAID_MAX) {
        buf_put(&damage->said, err->msg, strlen(err->msg) + 1);
    }
    cli_fail(damage->cli, err);
    return true;
}

int damage_pass(struct damage *damage, int rc, const struct err *why, struct err *err) {
    if (err_is_damage(rc)) {
        damage_note(damage, why);
        return 0;
    }
    if (rc < 0) {
        *err = *why;
    }
    return rc;
}

void damage_put(const struct damage *damage, struct obj *obj) {
    struct obj list = {0};
    const char *message;
    for (size_t at = 0; (message = message_at(damage, at)) != NULL; at += strlen(message) + 1) {
        obj_text(&list, NULL, message);
    }
    obj_bool(obj, "complete", damage->n == 0 && !damage->cut_off);
    obj_list(obj, "unreadable", &list);
}
