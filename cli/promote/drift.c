/* What helps depends on what is wrong:
 *
 *   the link leads elsewhere, or is gone   apply --force leads it back; before anything was applied, ln does
 *   something else has its name            that is moved away first
 *   the version was changed or is gone     nothing leads back to it: it is restored by hand, or rolled back */
#include "cli/promote/drift.h"

#include <stdio.h>
#include <string.h>

#include "cli/print/say.h"
#include "projections/ready/readiness.h"

#define DRIFT_READ_MAX ((uint64_t)64 << 20)

void drift_init(struct drift *drift) {
    *drift = (struct drift){.remedy = {.max = 16384}};
}

void drift_done(struct drift *drift) {
    buf_done(&drift->remedy);
}

/* Is the version whole that a rollback leads to? */
static bool may_go_back(const struct promote_known *known, const struct promote_target *t) {
    struct promote_target copy = *t;
    return known->end == PROMOTIONS_END_CANDIDATE && known->before[0] != '\0' && t->previous[0] != '\0' &&
           (target_may(known, &copy, known->before, true, NULL) == 0 || copy.fault != TARGET_CHANGED);
}

static void put_remedy(const struct cli *cli, const struct promote_known *known, struct promote_target *t,
                       enum target_fault link, struct drift *d) {
    const char *to = known->end == PROMOTIONS_END_CANDIDATE ? t->source : t->previous;
    bool in_the_way = link == TARGET_NO_LINK, lost = d->what == TARGET_CHANGED;
    if (lost && !may_go_back(known, t)) return;
    if (in_the_way || to[0] == '\0') {
        advise_away(t->link, &d->remedy);
        if (to[0] == '\0') return; /* there was no link */
        buf_put_str(&d->remedy, " && ");
    }
    if (lost) {
        advise_step(cli, "rollback", known->id, link != TARGET_SOUND, &d->remedy);
    } else if (known->applied[0] != '\0') {
        advise_step(cli, "apply", known->id, true, &d->remedy);
    } else {
        buf_put_str(&d->remedy, "ln -sfn ");
        readiness_put_word(&d->remedy, bytes_of(to));
        buf_put_str(&d->remedy, " ");
        readiness_put_word(&d->remedy, bytes_of(t->link));
    }
}

void drift_find(const struct cli *cli, struct ledger *ledger, const struct promote_known *known, bool whole,
                struct drift *ret) {
    struct promote_target t = {0};
    struct err why = {0}, lost = {0};
    ret->is = false;
    ret->what = TARGET_SOUND;
    ret->words[0] = '\0';
    buf_clear(&ret->remedy);
    if (known->end == PROMOTIONS_END_NONE) return;
    int rc = target_read(ledger, known, &t, &why);
    if (rc == 0) rc = target_leads(known, &t, &why);
    bool elsewhere = rc == ERR_CONFLICT;
    enum target_fault link = ret->what = elsewhere ? t.fault : TARGET_SOUND;
    if (rc != 0) snprintf(ret->words, sizeof(ret->words), "%.*s", REASON_PART(bytes_of(why.msg), 400));
    int read = rc == 0 || elsewhere ? target_is_whole(known, &t, whole ? UINT64_MAX : DRIFT_READ_MAX, &lost) : 0;
    if (read == ERR_CONFLICT) {
        size_t n = strlen(ret->words);
        bool back = may_go_back(known, &t);
        ret->what = TARGET_CHANGED;
        snprintf(ret->words + n, sizeof(ret->words) - n, "%s%.*s; restore it as it was, or %s",
                 n > 0 ? "; " : "drift: ", REASON_PART(bytes_of(lost.msg), 300),
                 back ? "roll back" : "promote another version in its place");
    }
    ret->is = rc != 0 || read == ERR_CONFLICT;
    if (elsewhere || read == ERR_CONFLICT) {
        put_remedy(cli, known, &t, link, ret);
    }
}
