/* Which entries are recorded, and as what. systemd's own messages have an id (man systemd.journal-fields; journalctl --catalog):
 *
 *   39f53479...  a start job is done       service.started
 *   d9b373ed...  the unit failed           service.failed, `outcome` its UNIT_RESULT
 *   be02cf68...  a start job failed        service.failed, `outcome` its JOB_RESULT; mostly after the one above, for the same run
 *   98e32220...  a process of it exited    says with which code the run failed
 *   9d1aaa27...  a stop job is done        service.stopped
 *   7ad2d189...  the unit ended well       service.stopped; mostly before the one above, for the same run
 *   fe6faa94...  killed for memory         hardware.faulted, unless the kernel's own line came before
 *   d989611b...  killed by systemd-oomd    hardware.faulted
 *
 * Any program may write these ids and name any unit. So they count only from the manager itself, which the trusted fields show: the
 * first process, or a user's manager in its init.scope. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/mp.h"
#include "base/mp_map.h"
#include "base/text.h"
#include "ingest/input/keyed_hash.h"
#include "ingest/journal/journal.h"

#define BODY_MAX ((size_t)64 << 10)
#define KEY_MAX  (KEYED_HASH_HEX + 16)
#define KILL_NS  (60 * CLOCK_NS_PER_S) /* the manager's word for a kill comes that long after the kernel's */
#define US_MAX   (MP_INT_MAX / 1000)

enum meaning { STARTED, FAILED, STOPPED, EXITED, KILLED, KILLED_BY_OOMD };

static const struct message {
    const char *id;
    enum meaning meaning;
} messages[] = {
    {"39f53479d3a045ac8e11786248231fbf", STARTED}, {"d9b373ed55a64feb8242e02dbe79a49c", FAILED},
    {"be02cf6855d2428ba40df7e9d022f03d", FAILED},  {"98e322203f7a4ed290d09fe03c09fe15", EXITED},
    {"9d1aaa27d60140bd96365438aad20286", STOPPED}, {"7ad2d189f7e94e70a38c781354912448", STOPPED},
    {"fe6faa94e7774663a0da52717891d8ef", KILLED},  {"d989611b15e44c9dbf31e3c81256e4ed", KILLED_BY_OOMD},
};

static const char *const units[] = {
#define UNIT(pattern) pattern,
#include "ingest/journal/units.def"
#undef UNIT
};

/* ---- an entry ----------------------------------------------------------------------------------------------------- */

struct event {
    struct journal_reading *r;
    const struct journal_entry *entry;
    struct bytes unit;
    uint64_t at;
};

static bool is_wanted(const struct journal_reading *r, struct bytes unit) {
    const struct ingest_options *o = intake_options(r->run);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (glob_match(bytes_of(units[i]), unit)) return true;
    }
    for (size_t i = 0; i < o->n_units; i++) {
        if (glob_match(bytes_of(o->units[i]), unit)) return true;
    }
    return false;
}

static bool is_unit(struct bytes unit) {
    return unit.n > 0 && unit.n <= JOURNAL_UNIT_MAX && text_utf8_valid(unit.p, unit.n) == unit.n &&
           !text_has_control(unit) && bytes_find(unit, '/') == NULL;
}

/* The unit that the manager speaks of; empty: it is not the manager. */
static struct bytes managed_unit(const struct journal_entry *e) {
    if (bytes_is(e->fields[JOURNAL_PID], "1")) return e->fields[JOURNAL_UNIT];
    bool user = bytes_is(e->fields[JOURNAL_SYSTEMD_USER_UNIT], "init.scope") &&
                bytes_has_prefix(e->fields[JOURNAL_SYSTEMD_UNIT], "user@");
    return user ? e->fields[JOURNAL_USER_UNIT] : (struct bytes){NULL, 0};
}

static bool is_id(struct bytes id) {
    bool fine = id.n == 32;
    for (size_t i = 0; i < id.n && fine; i++) {
        fine = (id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'f');
    }
    return fine;
}

static struct bytes run_of(const struct journal_entry *e) {
    struct bytes id = e->fields[JOURNAL_INVOCATION];
    if (id.n == 0) id = e->fields[JOURNAL_USER_INVOCATION];
    return is_id(id) ? id : (struct bytes){NULL, 0};
}

/* ---- events ------------------------------------------------------------------------------------------------------- */

static void put_message(const struct event *ev, struct mp_map *private_) {
    struct bytes text = ev->entry->fields[JOURNAL_MESSAGE];
    text.n = text_utf8_valid(text.p, text.n); /* another encoding may follow */
    mp_map_text(private_, "message", text);
}

/* `once` empty: the entry identifies the event. */
static int add(const struct event *ev, const char *kind, struct bytes subject, struct bytes once, struct mp_map *open,
               struct err *err) {
    struct buf body = {.max = BODY_MAX}, hidden = {.max = BODY_MAX};
    struct mp_map private_;
    char key[KEY_MAX], hex[KEYED_HASH_HEX];
    struct log_draft draft;
    const struct bytes cursor = ev->entry->fields[JOURNAL_CURSOR], parts[] = {bytes_of(kind),
                                                                              {(const uint8_t *)"", 1},
                                                                              subject,
                                                                              {(const uint8_t *)"", 1},
                                                                              once.n > 0 ? once : cursor};
    keyed_hash_parts(hex, intake_secret(ev->r->run), parts, 5);
    snprintf(key, sizeof(key), "%s:%s", once.n > 0 ? "run" : "entry", hex);
    mp_map_init(&private_, BODY_MAX);
    put_message(ev, &private_);
    mp_map_uint(open, "at", ev->at);
    int rc = mp_map_write(open, &body, err);
    if (rc == 0 && private_.n > 0) rc = mp_map_write(&private_, &hidden, err);
    if (rc == 0) {
        log_draft_init(&draft);
        draft.kind = bytes_of(kind);
        draft.subject = subject;
        draft.key = bytes_of(key);
        draft.grade = bytes_of("reported");
        draft.body = bytes_of_buf(&body);
        draft.private_ = bytes_of_buf(&hidden);
        if (ev->r->cursor != NULL) rc = intake_cursor(ev->r->run, ev->r->cursor, cursor, err);
        if (rc == 0) rc = intake_add(ev->r->run, &draft, &ev->r->place, ev->at, err);
    }
    mp_map_done(&private_);
    buf_done(&body);
    buf_done(&hidden);
    return rc;
}

/* A run of a service starts, fails and stops once, whatever says so. */
static int add_service(const struct event *ev, const char *kind, struct bytes outcome, int64_t code, struct err *err) {
    const struct journal_entry *e = ev->entry;
    struct mp_map open;
    char subject[JOURNAL_UNIT_MAX + 8];
    mp_map_init(&open, BODY_MAX);
    snprintf(subject, sizeof(subject), "unit/%.*s", (int)ev->unit.n, (const char *)ev->unit.p);
    mp_map_text(&open, "unit", ev->unit);
    if (is_id(e->fields[JOURNAL_BOOT])) mp_map_text(&open, "boot", e->fields[JOURNAL_BOOT]);
    mp_map_text(&open, "invocation", run_of(e));
    if (outcome.n <= 64 && text_utf8_valid(outcome.p, outcome.n) == outcome.n) mp_map_text(&open, "outcome", outcome);
    if (code >= 0) mp_map_uint(&open, "exit_code", (uint64_t)code);
    int rc = add(ev, kind, bytes_of(subject), run_of(e), &open, err);
    mp_map_done(&open);
    return rc;
}

static int add_fault(const struct event *ev, const struct journal_fault *f, struct err *err) {
    struct bytes cursor = ev->entry->fields[JOURNAL_CURSOR];
    struct mp_map open;
    mp_map_init(&open, BODY_MAX);
    mp_map_text(&open, "what", bytes_of(f->what));
    mp_map_text(&open, "device", bytes_of(f->device));
    mp_map_text(&open, "unit", bytes_of(f->unit));
    if (f->code >= 0) mp_map_uint(&open, "code", (uint64_t)f->code);
    mp_map_text(&open, "cursor", cursor);
    int rc = add(ev, "hardware.faulted", bytes_of("host/local"), (struct bytes){NULL, 0}, &open, err);
    mp_map_done(&open);
    return rc;
}

/* ---- exits -------------------------------------------------------------------------------------------------------- */

static void remember_exit(struct journal_reading *r, const struct event *ev) {
    uint64_t code;
    struct journal_exit *slot = &r->exits[r->next_exit % JOURNAL_EXITS_MAX];
    if (text_parse_u64(ev->entry->fields[JOURNAL_EXIT_STATUS], &code) != 0 || code > 255) return;
    r->next_exit++;
    snprintf(slot->unit, sizeof(slot->unit), "%.*s", (int)ev->unit.n, (const char *)ev->unit.p);
    slot->code = (int64_t)code;
}

/* Takes it: the next run has its own. -1: none. */
static int64_t take_exit(struct journal_reading *r, struct bytes unit) {
    int64_t code = -1;
    for (size_t i = 0; i < JOURNAL_EXITS_MAX; i++) {
        if (r->exits[i].unit[0] == '\0' || !bytes_is(unit, r->exits[i].unit)) continue;
        code = r->exits[i].code;
        r->exits[i].unit[0] = '\0';
    }
    return code;
}

/* ---- what an entry says ------------------------------------------------------------------------------------------- */

static int take_kill(const struct event *ev, bool oomd, struct err *err) {
    struct journal_reading *r = ev->r;
    struct journal_fault f = {.what = "oom", .code = -1};
    bool told = !oomd && r->killed[0] != '\0' && bytes_is(ev->unit, r->killed) && ev->at >= r->killed_at &&
                ev->at - r->killed_at <= KILL_NS;
    if (told) return 0;
    snprintf(f.unit, sizeof(f.unit), "%.*s", (int)ev->unit.n, (const char *)ev->unit.p);
    return add_fault(ev, &f, err);
}

static int take_message(const struct event *ev, enum meaning meaning, struct err *err) {
    struct bytes outcome = ev->entry->fields[JOURNAL_UNIT_RESULT];
    bool done = bytes_is(ev->entry->fields[JOURNAL_JOB_RESULT], "done") || ev->entry->fields[JOURNAL_JOB_RESULT].n == 0;
    if (meaning == KILLED || meaning == KILLED_BY_OOMD) return take_kill(ev, meaning == KILLED_BY_OOMD, err);
    if (!is_wanted(ev->r, ev->unit)) return 0;
    switch (meaning) {
    case STARTED:
        (void)take_exit(ev->r, ev->unit);
        return done ? add_service(ev, "service.started", (struct bytes){NULL, 0}, -1, err) : 0;
    case FAILED:
        if (outcome.n == 0) outcome = ev->entry->fields[JOURNAL_JOB_RESULT];
        return add_service(ev, "service.failed", outcome, take_exit(ev->r, ev->unit), err);
    case STOPPED:
        return add_service(ev, "service.stopped", (struct bytes){NULL, 0}, -1, err);
    default:
        remember_exit(ev->r, ev);
        return 0;
    }
}

static int take_kernel(const struct event *ev, struct err *err) {
    struct journal_fault f;
    if (!journal_kernel(ev->r, ev->entry, &f)) return 0;
    if (strcmp(f.what, "oom") == 0) {
        memcpy(ev->r->killed, f.unit, sizeof(f.unit));
        ev->r->killed_at = ev->at;
    }
    return add_fault(ev, &f, err);
}

static const char *check(const struct journal_entry *e, uint64_t *ret_at) {
    struct bytes cursor = e->fields[JOURNAL_CURSOR];
    bool fine = cursor.n > 0 && cursor.n <= JOURNAL_CURSOR_MAX && text_utf8_valid(cursor.p, cursor.n) == cursor.n &&
                !text_has_control(cursor);
    uint64_t us;
    if (!fine) return "the entry has no '__CURSOR' of 1 to 256 bytes";
    if (text_parse_u64(e->fields[JOURNAL_REALTIME], &us) != 0 || us > US_MAX) {
        return "the entry's '__REALTIME_TIMESTAMP' is not a number of microseconds";
    }
    *ret_at = us * 1000;
    return NULL;
}

int journal_take(struct journal_reading *r, const struct journal_entry *e, struct err *err) {
    struct event ev = {.r = r, .entry = e};
    r->place.line = e->line;
    r->place.offset = e->offset;
    const char *wrong = check(e, &ev.at);
    if (wrong != NULL) return intake_reject(r->run, &r->place, NULL, wrong);
    snprintf(r->newest, sizeof(r->newest), "%.*s", (int)e->fields[JOURNAL_CURSOR].n,
             (const char *)e->fields[JOURNAL_CURSOR].p);
    if (bytes_is(e->fields[JOURNAL_TRANSPORT], "kernel")) return take_kernel(&ev, err);
    ev.unit = managed_unit(e);
    if (!is_unit(ev.unit)) return 0;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        if (bytes_is(e->fields[JOURNAL_MESSAGE_ID], messages[i].id)) return take_message(&ev, messages[i].meaning, err);
    }
    return 0;
}
