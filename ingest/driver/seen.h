/* What a source saw at its last look, compared with what it sees now, so that only changes become events.
 *
 * Things are known by name: models of a server, peers of a network. Each has up to two sides (a model is listed, and it is
 * loaded); a side is on or off, and while it is on it has a digest of what does not change by itself. They are spread over
 * pages by their names, because a cursor holds 4 KiB; a page is stored in the same commit as the events that changed it:
 *
 *   ingest/<source>/<id>/<page>   [1, generation, [[name, generation, digest or nil, generation, digest or nil] ...]]
 *
 * A page's generation grows with each commit and belongs into the keys of its events: a repeated change is another event, one
 * that is offered again after a crash is the same. A cursor that does not parse ends the run: taken as empty, everything
 * would be recorded again. */
#ifndef INGEST_DRIVER_SEEN_H
#define INGEST_DRIVER_SEEN_H

#include "base/mp.h"
#include "ingest/driver/intake.h"

#define SEEN_NAME_MAX 200
#define SEEN_SIDES    2
#define SEEN_DIGEST   8 /* bytes: it only detects changes */
#define SEEN_PAGES    64
#define SEEN_NOW_MAX  4096 /* things in one look */
#define SEEN_CURSOR   4096 /* bytes of a cursor's value */

struct seen_side {
    bool on;
    uint64_t gen; /* of the events that recorded it */
    uint8_t digest[SEEN_DIGEST];
};

struct seen_item {
    char name[SEEN_NAME_MAX + 1];
    struct seen_side sides[SEEN_SIDES];
    bool found; /* by the look at hand */
};

struct seen_page {
    uint64_t gen;
    size_t n, cap;
    struct seen_item *items; /* by name */
};

struct seen {
    struct intake *run;
    char id[33]; /* hex; names the cursors */
    struct seen_page pages[SEEN_PAGES];
    int lock;
};

/* Takes the lock, unless it is a dry run, and loads what was seen of `what` (a base URL, a network). seen_close after a failure
 * too. ERR_BUSY, ERR_CORRUPT. */
int seen_open(struct seen *seen, struct intake *run, const char *what, struct err *err);
void seen_close(struct seen *seen);

enum seen_is { SEEN_OFF, SEEN_ON, SEEN_UNKNOWN };

/* A thing of this look. */
struct seen_now {
    struct bytes name; /* 1 to SEEN_NAME_MAX bytes */
    const void *what;  /* the source's own */
    enum seen_is is[SEEN_SIDES];
    uint8_t digest[SEEN_SIDES][SEEN_DIGEST];
};

/* A side of a thing: `now` NULL: it is gone. `on` false: it went off. It is called for unchanged sides too, with the generation
 * that recorded them: the event is then a duplicate, which is how a run that was killed before its receipt is noticed. */
struct seen_change {
    const char *name;
    const struct seen_now *now;
    unsigned side;
    bool on, news; /* news: it differs from the last look */
    uint64_t gen;
};
struct seen_events {
    void *ctx;
    int (*change)(void *ctx, const struct seen_change *change, struct err *err);
    struct ingest_place place;
    const char *noun; /* "model" */
};
/* Compares and commits page by page. `whole`: what is not among `now` is gone. The last side goes off first and comes on last.
 * `now` is sorted. What is there twice, or does not fit, is rejected. 0, INTAKE_STOP or an error. */
int seen_compare(struct seen *seen, struct seen_now *now, size_t n, bool whole, const struct seen_events *events,
                 struct err *err);

/* A cursor beside the pages, for what the source remembers of the whole: ingest/<source>/<id>/<name>. The second commits it with
 * what was added. */
int seen_note_get(struct seen *seen, const char *name, struct buf *out, bool *ret_there, struct err *err);
int seen_note_put(struct seen *seen, const char *name, struct bytes value, struct err *err);

#endif
