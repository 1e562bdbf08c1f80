/* The order: what the link is to lead to is read whole, the link is switched, what it leads to is read again, and only then the
 * event says so. After a crash anywhere the states still say what is missing, and doing it again completes it: a link that was
 * switched already is only read back. */
#include "cli/promote/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mp.h"
#include "cli/open/open.h"
#include "cli/print/fact.h"
#include "cli/print/say.h"
#include "ledger/event/event.h"
#include "projections/act/checked.h"

/* ---- planning ---- */

/* Of `path` as the link is to name it: by its name alone when it lies beside the link. */
static int name_version(const char *dir, const char *path, char ret[FILE_PATH_MAX], struct err *err) {
    char *real = realpath(path, NULL);
    size_t n = strlen(dir);
    if (real == NULL)
        return err_set(err, ERR_INVALID, "'%.300s' does not exist: the candidate has to lie there first", path);
    bool beside = strncmp(real, dir, n) == 0 && real[n] == '/' && strchr(real + n + 1, '/') == NULL;
    snprintf(ret, FILE_PATH_MAX, "%s", beside ? real + n + 1 : real);
    free(real);
    return 0;
}

static int measure_before(const struct promote_target *t, char ret[VERSION_DIGEST_MAX], struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = link_resolve(t->link, t->previous, path, err);
    if (rc == 0) rc = version_digest(path, ret, NULL, err);
    return rc == ERR_NOTFOUND ? err_set(err, ERR_INVALID, "the link '%.300s' leads to nothing", t->link) : rc;
}

int target_plan(const char *dir, const char *name, const char *from, char digest[VERSION_DIGEST_MAX],
                struct promote_target *ret, char ret_before[VERSION_DIGEST_MAX], struct err *err) {
    char path[FILE_PATH_MAX], found[VERSION_DIGEST_MAX];
    char *real = realpath(dir, NULL);
    memset(ret, 0, sizeof(*ret));
    ret_before[0] = '\0';
    if (real == NULL) return err_set(err, ERR_INVALID, "--target '%.300s' does not exist", dir);
    bool plain = name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
    int rc = plain ? file_join(ret->link, real, name, err)
                   : err_set(err, ERR_INVALID, "--link '%.100s' is not a name (expected one without '/')", name);
    if (rc == 0 && from == NULL && digest[0] == '\0') {
        rc = err_set(err, ERR_INVALID, "--digest DIGEST or --from PATH is missing: which version is the candidate?");
    }
    if (rc == 0 && from == NULL) rc = file_join(path, real, digest + strlen("sha256:"), err);
    if (rc == 0 && from != NULL) snprintf(path, sizeof(path), "%s", from);
    if (rc == 0) rc = name_version(real, path, ret->source, err);
    if (rc == 0) rc = version_digest(path, found, NULL, err);
    if (rc == 0 && digest[0] != '\0' && strcmp(digest, found) != 0) {
        rc = err_set(err, ERR_INVALID, "'%.300s' is %s, not %s", path, found, digest);
    }
    if (rc == 0) {
        memcpy(digest, found, sizeof(found));
        rc = link_ready(ret->link, err);
        if (rc == ERR_CONFLICT) rc = err->code = ERR_INVALID;
    }
    if (rc == 0) {
        rc = link_read(ret->link, ret->previous, err);
        rc = rc == ERR_NOTFOUND ? 0 : rc == 0 ? measure_before(ret, ret_before, err) : rc;
    }
    free(real);
    return rc;
}

/* ---- reading ---- */

static int take_path(struct bytes private_, const char *field, bool required, char ret[FILE_PATH_MAX], struct err *err) {
    struct bytes text = mp_get_text(private_, field);
    ret[0] = '\0';
    if (text.n == 0 && !required) return 0;
    if (text.n == 0)
        return err_set(err, ERR_NOTFOUND, "the plan does not say where its %s is: the field was erased", field);
    if (text.n >= FILE_PATH_MAX || memchr(text.p, 0, text.n) != NULL)
        return err_set(err, ERR_INVALID, "the plan's %s is not a path", field);
    memcpy(ret, text.p, text.n);
    ret[text.n] = '\0';
    return 0;
}

int target_read(struct ledger *ledger, const struct promote_known *known, struct promote_target *ret, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    struct buf private_ = {.max = 2 * EVENT_PRIVATE_MAX};
    int rc = log_reader_open(ledger, known->planned_seq, known->planned_seq + 1, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &event, err);
    if (rc == 0) rc = log_reader_private(reader, &private_, err);
    if (rc == 0) rc = take_path(bytes_of_buf(&private_), "target", true, ret->link, err);
    if (rc == 0) rc = take_path(bytes_of_buf(&private_), "source", true, ret->source, err);
    if (rc == 0) rc = take_path(bytes_of_buf(&private_), "previous", false, ret->previous, err);
    if (rc == 0 && ret->link[0] != '/') rc = err_set(err, ERR_INVALID, "the plan's target is not an absolute path");
    log_reader_close(reader);
    buf_done(&private_);
    return rc < 0 ? rc : 0;
}

/* ---- switching ---- */

/* Where it has to lead, and where it has led until now. */
static int ends_of(const struct promote_known *known, const struct promote_target *t, const char *want, const char **ret_to,
                   const char **ret_from, struct err *err) {
    bool forward = strcmp(want, known->digest) == 0 && strcmp(known->state, "idle") != 0;
    if (!forward && strcmp(want, known->before) != 0) {
        return err_set(err, ERR_CONFLICT, "the plan does not say where %.80s is", want);
    }
    if (!forward && t->previous[0] == '\0')
        return err_set(err, ERR_CONFLICT, "there was no link before: nothing to go back to");
    *ret_to = forward ? t->source : t->previous;
    *ret_from = forward ? t->previous : t->source;
    return 0;
}

static int is_whole(struct promote_target *t, const char *to, const char *want, struct err *err) {
    char path[FILE_PATH_MAX], found[VERSION_DIGEST_MAX];
    struct err why = {0};
    int rc = link_resolve(t->link, to, path, err);
    if (rc != 0) return rc;
    rc = version_digest(path, found, NULL, &why);
    if (rc == ERR_NOTFOUND || rc == ERR_INVALID) {
        rc = err_set(err, ERR_CONFLICT, "%s", why.msg);
    } else if (rc == 0 && strcmp(found, want) != 0) {
        rc = err_set(err, ERR_CONFLICT, "'%.300s' is %s, not %s: it was changed", path, found, want);
    } else if (rc != 0) {
        err_set(err, rc, "%s", why.msg);
    }
    t->fault = rc == ERR_CONFLICT ? TARGET_CHANGED : t->fault;
    return rc;
}

/* It leads to one of the two; *ret_there: to the new one. Before a promotion is rolled back the abort of what was promoted and not
 * switched leaves it where it was. */
static int is_ours(const struct promote_known *known, struct promote_target *t, const char *to, const char *from,
                   bool *ret_there, struct err *err) {
    char found[FILE_PATH_MAX] = "";
    int rc = link_read(t->link, found, err);
    *ret_there = rc == 0 && strcmp(found, to) == 0;
    if (rc == ERR_NOTFOUND && from[0] == '\0') return 0;
    if (rc == ERR_CONFLICT) {
        t->fault = TARGET_NO_LINK;
    } else if (rc == ERR_NOTFOUND || rc == 0) {
        t->fault = *ret_there || strcmp(found, from) == 0 ? t->fault : TARGET_MOVED;
    }
    if (rc == ERR_NOTFOUND) {
        return err_set(err, ERR_CONFLICT, "drift: the link '%.200s' is gone, and event %llu found that it led to '%.200s'",
                       t->link, (unsigned long long)known->planned_seq, from);
    }
    if (rc != 0 || *ret_there || strcmp(found, from) == 0) return rc;
    return err_set(err, ERR_CONFLICT,
                   "drift: the link '%.150s' leads to '%.150s', where event %llu has '%.150s': somebody else "
                   "moved it",
                   t->link, found, (unsigned long long)known->planned_seq, from[0] != '\0' ? from : "no link");
}

int target_may(const struct promote_known *known, struct promote_target *target, const char *want, bool forced,
               struct err *err) {
    const char *to, *from;
    char found[FILE_PATH_MAX];
    bool there;
    target->fault = TARGET_SOUND;
    int rc = ends_of(known, target, want, &to, &from, err);
    if (rc == 0) rc = is_whole(target, to, want, err);
    if (rc == 0) rc = link_ready(target->link, err);
    if (rc == ERR_CONFLICT && target->fault == TARGET_SOUND && link_read(target->link, found, NULL) == ERR_CONFLICT) {
        target->fault = TARGET_NO_LINK;
    }
    return rc == 0 && !forced ? is_ours(known, target, to, from, &there, err) : rc;
}

struct switched {
    bool was_there, forced;
    char before[VERSION_DIGEST_MAX], read_back[VERSION_DIGEST_MAX];
};

/* Going back is safe; going on is not, while LOCKDOWN is on. A link that was switched already is only read. */
static int may_switch(struct ledger *ledger, const struct promote_known *known, bool there, struct err *err) {
    return there || strcmp(known->state, "promoted") != 0 ? 0 : checked_unlocked(ledger, "promotion.promoted", err);
}

static int switch_link(struct ledger *ledger, const struct promote_known *known, struct promote_target *t, const char *want,
                       bool forced, struct switched *ret, struct err *err) {
    const char *to, *from;
    char path[FILE_PATH_MAX], found[FILE_PATH_MAX] = "";
    struct err drift = {0};
    memset(ret, 0, sizeof(*ret));
    int rc = ends_of(known, t, want, &to, &from, err);
    if (rc == 0) rc = is_whole(t, to, want, err);
    if (rc == 0) rc = link_recover(t->link, from, to, err);
    if (rc == 0) {
        rc = is_ours(known, t, to, from, &ret->was_there, &drift);
        ret->forced = rc == ERR_CONFLICT && forced; /* only drift is overruled, not what cannot be read */
        if (rc != 0 && !ret->forced) *err = drift;
        rc = ret->forced ? 0 : rc;
    }
    if (rc == 0) rc = may_switch(ledger, known, ret->was_there, err);
    if (rc == 0 && !ret->was_there && link_read(t->link, found, NULL) == 0 &&
        link_resolve(t->link, found, path, NULL) == 0) {
        (void)version_digest(path, ret->before, NULL, NULL); /* unknown, if it cannot be read */
    }
    if (rc == 0 && !ret->was_there) rc = link_switch(t->link, ret->forced ? NULL : from, to, err);
    if (rc == 0 && ret->was_there) rc = file_sync_parent(t->link, err); /* by a process that was killed, perhaps */
    if (rc == 0) rc = version_digest(t->link, ret->read_back, NULL, err);
    if (rc == 0 && strcmp(ret->read_back, want) != 0) {
        rc = err_set(err, ERR_CONFLICT, "'%.300s' was switched and is %s, not %s", t->link, ret->read_back, want);
    }
    return rc;
}

/* Where it has to lead by the log; empty: there has to be no link. */
static const char *end_of(const struct promote_known *known, const struct promote_target *t) {
    return known->end == PROMOTIONS_END_CANDIDATE ? t->source : t->previous;
}

int target_leads(const struct promote_known *known, struct promote_target *t, struct err *err) {
    const char *to = end_of(known, t);
    char found[FILE_PATH_MAX] = "";
    struct err why = {0};
    int rc = link_read(t->link, found, &why);
    t->fault = TARGET_SOUND;
    if ((rc == ERR_NOTFOUND && to[0] == '\0') || (rc == 0 && to[0] != '\0' && strcmp(found, to) == 0)) return 0;
    if (rc == ERR_CONFLICT) {
        t->fault = TARGET_NO_LINK;
        return err_set(err, rc, "drift: %s", why.msg);
    }
    if (rc != 0 && rc != ERR_NOTFOUND) return err_set(err, rc, "%s", why.msg);
    t->fault = TARGET_MOVED;
    if (rc != 0)
        return err_set(err, ERR_CONFLICT, "drift: the link '%.200s' is gone; it has to lead to '%.200s'", t->link, to);
    if (to[0] == '\0')
        return err_set(err, ERR_CONFLICT, "drift: there was no link '%.200s', and now it leads to '%.200s'", t->link,
                       found);
    return err_set(err, ERR_CONFLICT, "drift: the link '%.150s' leads to '%.150s', not to '%.150s': somebody else moved it",
                   t->link, found, to);
}

int target_is_whole(const struct promote_known *known, struct promote_target *t, uint64_t max, struct err *err) {
    const char *to = end_of(known, t);
    char path[FILE_PATH_MAX];
    struct stat st;
    if (to[0] == '\0') return 0;
    int rc = link_resolve(t->link, to, path, err);
    if (rc == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size > max) return 0;
    return rc == 0 ? is_whole(t, to, known->end == PROMOTIONS_END_CANDIDATE ? known->digest : known->before, err) : rc;
}

static int record(struct ledger *ledger, const struct promote_known *known, const struct promote_target *t,
                  const char *want, const struct switched *s, const char *actor, struct log_receipt *ret, struct err *err) {
    struct buf body = {.max = EVENT_BODY_MAX}, private_ = {.max = EVENT_PRIVATE_MAX};
    char subject[PROMOTE_TEXT + 16], note[CHECKED_NOTE_MAX];
    struct log_draft draft;
    struct log_head head = {0};
    mp_put_map(&body, 3 + (s->before[0] != '\0') + s->forced);
    mp_pair_text(&body, "digest", want);
    if (s->before[0] != '\0') {
        mp_pair_text(&body, "digest_before", s->before);
    }
    if (s->forced) {
        mp_pair_bool(&body, "forced", true);
    }
    mp_pair_bool(&body, "linked", true);
    mp_pair_text(&body, "read_back", s->read_back);
    mp_put_map(&private_, 1);
    mp_pair_text(&private_, "target", t->link);
    int rc = buf_check(&body, "a body", err);
    if (rc == 0) rc = buf_check(&private_, "a body", err);
    if (rc == 0) rc = promote_subject(known->id, subject, err);
    log_draft_init(&draft);
    draft.kind = bytes_of("promotion.applied");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(actor);
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&body);
    draft.private_ = bytes_of_buf(&private_);
    if (rc == 0) rc = checked_append(ledger, &draft, ret, &head, note, err);
    buf_done(&private_);
    buf_done(&body);
    return rc;
}

static int print(struct cli *cli, const struct promote_known *known, const char *want, const struct promote_target *t,
                 const struct switched *s, const struct log_receipt *receipt) {
    struct obj obj = {0};
    obj_text(&obj, "promotion", known->id);
    obj_text(&obj, "applied", want);
    obj_text(&obj, "link", t->link);
    obj_bool(&obj, "switched", !s->was_there);
    obj_bool(&obj, "forced", s->forced);
    obj_uint(&obj, "seq", receipt->seq);
    return cli_print(cli, &obj, true);
}

int target_apply(struct cli *cli, const char *id, const char *actor, bool forced) {
    struct ledger *ledger = NULL;
    struct promote_known known;
    struct promote_target target = {0};
    struct switched switched;
    struct log_receipt receipt = {0};
    struct err err = {0};
    char room[CLI_ACTOR_MAX];
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = promote_known(ledger, id, &known, &err);
    const char *want = known.unapplied[0] != '\0' ? known.unapplied : forced ? known.applied : "";
    bool done = rc == 0 && (!known.linked || want[0] == '\0');
    if (rc == 0 && !done) rc = target_read(ledger, &known, &target, &err);
    if (rc == 0 && !done) rc = switch_link(ledger, &known, &target, want, forced, &switched, &err);
    if (rc == 0 && !done) rc = record(ledger, &known, &target, want, &switched, cli_actor(actor, room), &receipt, &err);
    log_close(ledger);
    if (rc == 0) return done ? EXIT_GOOD : print(cli, &known, want, &target, &switched, &receipt);
    if (known.unapplied[0] != '\0') {
        err_prefix(&err, "%s, not applied", strcmp(known.state, "promoted") == 0 ? "promoted" : "rolled back");
    }
    if (rc == ERR_CONFLICT) {
        advise_refused(cli, &known, target.link, target.fault, "apply", &err);
    }
    return rc == ERR_CONFLICT || rc == ERR_NOTFOUND ? cli_fail_as(cli, &err, EXIT_NO) : cli_fail(cli, &err);
}

/* What a process left that was killed while it switched the link once more (apply --force). */
static int tidy(struct ledger *ledger, const struct promote_known *known, struct err *err) {
    const char *to, *from;
    struct promote_target target;
    struct err ignored = {0};
    if (!known->there || !known->linked || known->applied[0] == '\0' || known->unapplied[0] != '\0') return 0;
    int rc = target_read(ledger, known, &target, &ignored);
    if (rc == 0) rc = ends_of(known, &target, known->applied, &to, &from, &ignored);
    return rc == 0 ? link_recover(target.link, from, to, err) : 0; /* where it is may have been erased */
}

int promote_complete(struct cli *cli, const char *id, const char *actor) {
    struct ledger *ledger = NULL;
    struct promote_known known;
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = promote_known(ledger, id, &known, &err);
    if (rc == 0 && tidy(ledger, &known, &err) != 0) {
        cli_note(cli, "ledger: %s: %s", cli->command, err.msg);
    }
    log_close(ledger);
    if (rc != 0) return cli_fail(cli, &err);
    return known.there && known.unapplied[0] != '\0' ? target_apply(cli, id, actor, false) : EXIT_GOOD;
}
