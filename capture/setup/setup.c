/* One change, step by step:
 *
 *   1  the new text is made in memory, and parsed again
 *   2  the record, not yet "applied", is written in the ledger's directory
 *   3  the settings are replaced by rename
 *   4  setup.applied is appended, with a key made of the record's nonce
 *   5  the record becomes "applied"
 *
 * A process killed before 3 leaves settings as they were and a record that says how to tell; after 3, a change that the record
 * describes. The next call completes 4 and 5, whose key makes the event one. Undoing replaces the settings first, then appends
 * setup.undone, then drops the record; cut short, it is completed in the same way. */
#include "capture/setup/setup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/edit/silence.h"
#include "base/edit/target.h"
#include "base/mp_map.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "capture/setup/mcp.h"

static const char *const state_names[] = {
    [SETUP_ABSENT] = "absent",       [SETUP_UNCHANGED] = "unchanged", [SETUP_READY] = "not connected",
    [SETUP_CONNECTED] = "connected", [SETUP_LOST] = "lost",           [SETUP_FOREIGN] = "connected elsewhere",
    [SETUP_REFUSED] = "refused"};

const char *setup_state_name(enum setup_state state) {
    return state_names[state];
}

/* The ledger's directory of records, locked; ERR_NOTFOUND: there is none. What killed writers of records left in it goes. */
static int lock_records(const char *path, struct err *err) {
    const struct dirent *entry;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return err_errno(err, errno, "'%s'", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return err_set(err, ERR_BUSY, "another 'ledger setup' changes settings for this ledger; try again");
    }
    DIR *dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char left[FILE_PATH_MAX];
        if (strncmp(entry->d_name, FILE_TEMPORARY, strlen(FILE_TEMPORARY)) == 0 &&
            file_join(left, path, entry->d_name, NULL) == 0) {
            file_wipe(left, NULL);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return fd;
}

int setup_lock(const struct setup_world *world, struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = file_join(path, world->dir, "setup", err);
    if (rc == 0) rc = file_make_dirs(path, err);
    return rc == 0 ? lock_records(path, err) : rc;
}

void setup_sweep(const struct setup_world *world) {
    char path[FILE_PATH_MAX];
    int fd = file_join(path, world->dir, "setup", NULL) == 0 ? lock_records(path, NULL) : -1;
    if (fd >= 0) {
        close(fd);
    }
}

/* ---- looking ---- */

struct job {
    const struct setup_world *world;
    const struct setup_place *place;
    struct ledger *ledger;
    const char *actor;
    struct target target;
    struct setup_record record;
    struct setup_finding *finding;
};

static int count(const struct setup_world *world, const struct setup_place *place, struct bytes text, size_t *ret_ours,
                 size_t *ret_same, struct err *err) {
    return place->table != NULL ? setup_mcp_count(world, place, text, ret_ours, ret_same, err)
                                : setup_count(world, place, text, ret_ours, ret_same, err);
}

static int insert(const struct job *job, struct setup_record *record, char note[SETUP_WHY_MAX], struct err *err) {
    if (job->place->table == NULL) return setup_insert(job->world, job->place, record, note, err);
    int rc = setup_mcp_insert(job->world, job->place, record, err);
    return rc == 0 ? setup_check(job->place->form, bytes_of_buf(&record->edit.text), err) : rc;
}

static void refuse(struct setup_finding *f, const char *why) {
    f->state = SETUP_REFUSED;
    snprintf(f->why, sizeof(f->why), "%s", why);
}

/* What the settings say; what is wrong with them is a finding. */
static int judge(struct job *job, int opened, const struct err *why, struct err *err) {
    struct setup_finding *f = job->finding;
    struct bytes text = bytes_of_buf(&job->target.text);
    struct err wrong = {0};
    char silenced[EDIT_SILENCE_MAX];
    size_t ours = 0, same = 0;
    f->exists = job->target.exists;
    if (opened != 0) {
        refuse(f, why->msg);
        return opened == ERR_NOMEM ? err_set(err, opened, "%s", why->msg) : 0;
    }
    int rc = setup_check(job->place->form, text, &wrong);
    if (rc == 0) rc = count(job->world, job->place, text, &ours, &same, &wrong);
    if (rc != 0) {
        char said[ERR_MSG_MAX], masked[ERR_MSG_MAX];
        secret_mask_message(masked, wrong.msg);
        snprintf(said, sizeof(said), "'%.400s' is broken: %.400s", f->path, masked);
        refuse(f, said);
        return rc == ERR_NOMEM ? err_set(err, rc, "%s", wrong.msg) : 0;
    }
    f->state = ours == 0  ? f->recorded && job->record.applied ? SETUP_LOST : SETUP_READY
               : same > 0 ? SETUP_CONNECTED
                          : SETUP_FOREIGN;
    if (job->place->form == SETUP_PLUGIN && f->exists && ours == 0) {
        refuse(f, "there is a file of another origin in its place");
    }
    if (f->state != SETUP_REFUSED && edit_silenced(job->place->agent->name, f->path, text, job->world->root, silenced)) {
        refuse(f, silenced);
    }
    return 0;
}

static int begin(struct job *job, bool make, struct err *err) {
    struct setup_finding *f = job->finding;
    struct err why = {0};
    memset(f, 0, sizeof(*f));
    memset(&job->record, 0, sizeof(job->record));
    job->target.dir = -1;
    if (job->place->form == SETUP_NONE) {
        f->state = job->place->found ? SETUP_UNCHANGED : SETUP_ABSENT;
        if (job->place->table != NULL) {
            snprintf(f->why, sizeof(f->why), "%s", job->place->why);
            return file_join(f->path, job->place->base, job->place->below, err);
        }
        snprintf(f->why, sizeof(f->why), "%s", job->place->found ? job->place->agent->unchanged : "");
        return 0;
    }
    int rc = setup_record_read(job->world, job->place->id, &job->record, err);
    f->recorded = rc == 0;
    if (rc != 0 && rc != ERR_NOTFOUND) return rc;
    int opened = target_open(&job->target, job->place->base, job->place->below, make && job->place->found, &why);
    target_sweep(&job->target, NULL);
    snprintf(f->path, sizeof(f->path), "%s", job->target.path);
    if (!job->place->found && !f->recorded && !job->target.exists) {
        f->state = SETUP_ABSENT;
        return 0;
    }
    return judge(job, opened, &why, err);
}

static void end(struct job *job) {
    if (job->place->form != SETUP_NONE) {
        target_done(&job->target);
        setup_record_done(&job->record);
    }
}

int setup_look(const struct setup_world *world, const struct setup_place *place, struct setup_finding *ret,
               struct err *err) {
    struct job job = {.world = world, .place = place, .finding = ret};
    int rc = begin(&job, false, err);
    end(&job);
    return rc;
}

/* ---- events ---- */

static int append(struct job *job, const char *kind, bool exact, size_t bytes, struct err *err) {
    const struct setup_agent *agent = job->place->agent;
    const struct setup_record *r = &job->record;
    bool applied = strcmp(kind, "setup.applied") == 0;
    struct mp_map map;
    struct buf body = {.max = 65536};
    struct log_draft draft;
    char subject[SETUP_NAME_MAX + 8], key[80], name[SETUP_NAME_MAX];
    uint8_t digest[HASH_LEN];
    const struct bytes inserted = bytes_of_buf(&r->edit.inserted);
    mp_map_init(&map, 65536);
    setup_place_name(job->place, name);
    mp_map_text(&map, "name", bytes_of(name));
    mp_map_text(&map, "what", bytes_of(job->place->form == SETUP_PLUGIN ? "file" : "settings"));
    mp_map_text(&map, "agent", bytes_of(agent->name));
    mp_map_uint(&map, "bytes", bytes);
    mp_map_text(&map, "path", bytes_of(job->target.path));
    mp_map_hash(&map, "digest_before", applied ? r->before : r->after);
    mp_map_hash(&map, "digest_after", applied ? r->after : r->before);
    if (applied) {
        hash_parts(digest, &inserted, 1);
        mp_map_hash(&map, "inserted_digest", digest);
    } else {
        mp_map_bool(&map, "exact", exact);
    }
    int rc = mp_map_write(&map, &body, err);
    snprintf(subject, sizeof(subject), "setup/%s", name);
    snprintf(key, sizeof(key), "%s:%s", applied ? "applied" : "undone", r->nonce);
    log_draft_init(&draft);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(job->actor);
    draft.source = bytes_of("setup");
    draft.grade = bytes_of("measured");
    draft.key = bytes_of(key);
    draft.body = bytes_of_buf(&body);
    if (rc == 0) rc = log_append(job->ledger, &draft, NULL, NULL, err);
    mp_map_done(&map);
    buf_done(&body);
    return rc;
}

/* Steps 4 and 5. */
static int finish_apply(struct job *job, struct err *err) {
    int rc = append(job, "setup.applied", false, job->record.edit.inserted.n, err);
    job->record.applied = true;
    return rc == 0 ? setup_record_write(job->world, job->place->id, &job->record, err) : rc;
}

/* ---- applying ---- */

static int prepare(struct job *job, char note[SETUP_WHY_MAX], struct err *err) {
    struct setup_record *r = &job->record;
    const struct target *t = &job->target;
    uint8_t nonce[16];
    setup_record_done(r);
    memset(r, 0, sizeof(*r));
    int rc = edit_init(&r->edit, bytes_of_buf(&t->text), err);
    r->created = !t->exists;
    memcpy(r->before, t->digest, HASH_LEN);
    snprintf(r->path, sizeof(r->path), "%s", t->path);
    crypt_random(nonce, sizeof(nonce));
    text_hex(r->nonce, nonce, sizeof(nonce));
    if (rc == 0) rc = insert(job, r, note, err);
    const struct bytes after = bytes_of_buf(&r->edit.text);
    hash_parts(r->after, &after, 1);
    return rc;
}

static int connect_it(struct job *job, struct err *err) {
    struct setup_finding *f = job->finding;
    char note[SETUP_WHY_MAX] = "";
    struct err why = {0};
    int rc = prepare(job, note, &why);
    if (rc == 0) rc = setup_record_write(job->world, job->place->id, &job->record, err);
    if (rc != 0 && why.code == 0) return rc;
    if (rc == 0) {
        rc = target_replace(&job->target, bytes_of_buf(&job->record.edit.text), &why);
        if (rc != 0) {
            setup_record_drop(job->world, job->place->id, NULL);
        }
    }
    if (rc != 0) {
        refuse(f, why.msg);
        return rc == ERR_NOMEM || rc == ERR_FULL ? err_set(err, rc, "%s", why.msg) : 0;
    }
    rc = finish_apply(job, err);
    f->state = SETUP_CONNECTED;
    f->changed = f->recorded = f->exists = true;
    f->bytes = job->record.edit.inserted.n;
    snprintf(f->why, sizeof(f->why), "%s", note);
    return rc;
}

int setup_apply(const struct setup_world *world, const struct setup_place *place, struct ledger *ledger, const char *actor,
                struct setup_finding *ret, struct err *err) {
    struct job job = {.world = world, .place = place, .ledger = ledger, .actor = actor, .finding = ret};
    int rc = begin(&job, true, err);
    bool pending = rc == 0 && ret->recorded && !job.record.applied;
    if (rc == 0 && ret->state == SETUP_CONNECTED && pending) {
        rc = finish_apply(&job, err);
    } else if (rc == 0 && (ret->state == SETUP_READY || ret->state == SETUP_LOST)) {
        rc = connect_it(&job, err);
    }
    end(&job);
    return rc;
}

/* ---- undoing ---- */

static int withdraw_server(const struct job *job, const struct setup_record *record, struct buf *text, struct err *err) {
    int rc = setup_mcp_withdraw(job->world, job->place, record, text, err);
    return rc == 0 ? setup_check(job->place->form, bytes_of_buf(text), err) : rc;
}

/* The text without what was inserted: exactly as before when nothing else was changed, else without our entries. */
static int take_back(struct job *job, struct buf *ret, bool *ret_exact, bool *ret_empty, struct err *err) {
    struct setup_record *r = job->finding->recorded ? &job->record : NULL;
    struct target *t = &job->target;
    *ret_exact = *ret_empty = false;
    if (r != NULL && memcmp(t->digest, r->after, HASH_LEN) == 0) {
        buf_put_bytes(&r->edit.text, bytes_of_buf(&t->text));
        size_t n = r->edit.n;
        int rc = edit_take_back(&r->edit, err);
        struct bytes text = bytes_of_buf(&r->edit.text);
        uint8_t digest[HASH_LEN];
        hash_parts(digest, &text, 1);
        *ret_exact = rc == 0 && memcmp(digest, r->before, HASH_LEN) == 0;
        *ret_empty = r->created;
        buf_put_bytes(ret, text);
        r->edit.n = n;
        if (*ret_exact) return buf_check(ret, "the settings", err);
        buf_clear(ret);
    }
    if (job->place->form == SETUP_PLUGIN) {
        return err_set(err, ERR_CONFLICT, "'%s' was changed since setup wrote it; remove it yourself", t->path);
    }
    struct buf own = {.max = 8 * FILE_PATH_MAX};
    buf_put_bytes(ret, bytes_of_buf(&t->text));
    int rc = buf_check(ret, "the settings", err);
    if (job->place->table != NULL) return rc == 0 ? withdraw_server(job, r, ret, err) : rc;
    if (rc == 0) rc = setup_own(job->world, job->place, r, &own, err);
    if (rc == 0) rc = setup_withdraw(job->place, (const char *)own.p, r, ret, ret_empty, err);
    buf_done(&own);
    return rc;
}

/* The directories of a file of its own are its own too, up to the one that has its name. */
static void remove_own_dirs(const struct job *job) {
    char path[FILE_PATH_MAX], *end;
    snprintf(path, sizeof(path), "%s", job->target.path);
    while (job->place->agent->own != NULL && (end = strrchr(path, '/')) != NULL) {
        *end = '\0';
        const char *name = strrchr(path, '/');
        if (rmdir(path) != 0 || name == NULL || strcmp(name, "/ledger") == 0) return;
    }
}

static int replace(struct job *job, struct bytes text, bool empty, struct err *err) {
    if (empty && job->finding->recorded && job->record.created) {
        int rc = target_remove(&job->target, err);
        if (rc == 0) remove_own_dirs(job);
        return rc;
    }
    return target_replace(&job->target, text, err);
}

static int undo_it(struct job *job, struct err *err) {
    struct setup_finding *f = job->finding;
    struct target *t = &job->target;
    struct buf text = {.max = EDIT_TEXT_MAX};
    struct err why = {0};
    bool exact = false, empty = false, same = !t->exists;
    size_t left = 0, ignored = 0;
    int rc = 0;
    bool as_before =
        f->recorded && memcmp(t->digest, job->record.before, HASH_LEN) == 0 && t->exists != job->record.created;
    if (as_before || !t->exists) {
        exact = as_before;
    } else {
        rc = take_back(job, &text, &exact, &empty, &why);
        same = bytes_eq(bytes_of_buf(&text), bytes_of_buf(&t->text));
        if (rc == 0) rc = count(job->world, job->place, bytes_of_buf(&text), &left, &ignored, &why);
        if (rc == 0 && !same) rc = replace(job, bytes_of_buf(&text), empty, &why);
        f->bytes = rc == 0 && t->text.n > text.n ? t->text.n - text.n : 0;
    }
    if (rc != 0) {
        refuse(f, why.msg);
        buf_done(&text);
        return rc == ERR_NOMEM || rc == ERR_FULL ? err_set(err, rc, "%s", why.msg) : 0;
    }
    if (same && left > 0) { /* hooks of another ledger */
        buf_done(&text);
        f->state = SETUP_FOREIGN;
        return 0;
    }
    bool silent = f->recorded && !job->record.applied && as_before; /* nothing had been changed yet */
    if (!f->recorded) {
        uint8_t nonce[16];
        crypt_random(nonce, sizeof(nonce));
        text_hex(job->record.nonce, nonce, sizeof(nonce));
    }
    memcpy(job->record.after, t->digest, HASH_LEN);
    const struct bytes now = bytes_of_buf(&text);
    hash_parts(job->record.before, &now, 1);
    if (as_before) {
        memcpy(job->record.before, t->digest, HASH_LEN);
    }
    if (!silent) rc = append(job, "setup.undone", exact, f->bytes, err);
    if (rc == 0 && f->recorded) rc = setup_record_drop(job->world, job->place->id, err);
    buf_done(&text);
    f->state = left > 0 ? SETUP_FOREIGN : SETUP_READY;
    f->changed = !silent && (as_before || !same);
    f->exact = exact;
    f->why[0] = '\0';
    return rc;
}

/* Settings that silence hooks, or are read-only, are no reason to leave ours in them, unless they cannot be changed. */
int setup_undo(const struct setup_world *world, const struct setup_place *place, struct ledger *ledger, const char *actor,
               struct setup_finding *ret, struct err *err) {
    struct job job = {.world = world, .place = place, .ledger = ledger, .actor = actor, .finding = ret};
    struct err wrong = {0};
    int rc = begin(&job, false, err);
    size_t ours = 0, same = 0;
    bool readable = rc == 0 && place->form != SETUP_NONE && job.target.dir >= -1 &&
                    (job.target.exists || ret->state != SETUP_REFUSED) &&
                    count(world, place, bytes_of_buf(&job.target.text), &ours, &same, &wrong) == 0;
    if (readable && ret->recorded && !job.record.applied && ours > 0) { /* what is undone was applied */
        rc = finish_apply(&job, err);
    }
    if (rc == 0 && readable && (ret->recorded || same > 0)) {
        rc = undo_it(&job, err);
    }
    end(&job);
    return rc;
}

bool setup_is_on_top(const struct setup_world *world, const struct setup_place *place) {
    struct setup_finding f;
    struct job job = {.world = world, .place = place, .finding = &f};
    bool on_top = place->form != SETUP_NONE && begin(&job, false, NULL) == 0 && f.recorded &&
                  memcmp(job.target.digest, job.record.after, HASH_LEN) == 0;
    if (place->form != SETUP_NONE) end(&job);
    return on_top;
}

bool setup_is_recorded(const struct setup_world *world, const struct setup_place *place) {
    struct setup_finding f;
    return setup_look(world, place, &f, NULL) == 0 && f.recorded;
}

/* Would the hooks be inserted with the telemetry, if they were not there? In memory alone. */
static int try_telemetry(struct job *job, bool *ret, struct err *err) {
    struct setup_record *record = calloc(1, sizeof(*record));
    struct buf text = {.max = EDIT_TEXT_MAX};
    struct err why = {0};
    char note[SETUP_WHY_MAX];
    bool exact, empty;
    int rc = record == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    if (rc == 0 && take_back(job, &text, &exact, &empty, &why) == 0 &&
        edit_init(&record->edit, bytes_of_buf(&text), &why) == 0 && insert(job, record, note, &why) == 0) {
        *ret = strcmp(record->otlp, job->world->otlp) == 0;
    }
    if (record != NULL) {
        setup_record_done(record);
    }
    free(record);
    buf_done(&text);
    return rc;
}

int setup_moves(const struct setup_world *world, const struct setup_place *place, bool *ret, struct err *err) {
    struct setup_finding f;
    struct job job = {.world = world, .place = place, .finding = &f};
    *ret = false;
    if (world->otlp == NULL || place->table != NULL || place->form == SETUP_NONE || place->form == SETUP_PLUGIN) return 0;
    int rc = begin(&job, false, err);
    if (rc == 0 && f.state == SETUP_CONNECTED && f.recorded && strcmp(job.record.otlp, world->otlp) != 0) {
        rc = try_telemetry(&job, ret, err);
    }
    end(&job);
    return rc;
}
