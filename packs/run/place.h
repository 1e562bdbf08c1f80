/* The directory of a run, DIR/runs/ID below the ledger's directory, and the file DIR/runs/ID.lock, which its process holds
 * while it lives. So a lock that nobody holds is that of a run that was killed.
 *
 *   in/NAME     inputs that are files, as they were when the run began
 *   data/NAME   outputs of steps, as they were when the step ended
 *   out-N/      what step N may write; it is looked at once, when the step has ended
 *   log/        standard output and error of steps
 *
 * The lock's content is the path of a directory elsewhere that goes with the run when it is killed: what is delivered, until it
 * is whole. Its name is FILE_TEMPORARY and the run's id. */
#ifndef PACKS_RUN_PLACE_H
#define PACKS_RUN_PLACE_H

#include "base/file.h"
#include "base/hash.h"

#define PLACE_ID     33 /* 32 hex digits, with NUL */
#define PLACE_NOBODY ((uid_t)-1)

struct place {
    char id[PLACE_ID];
    char runs[FILE_PATH_MAX], path[FILE_PATH_MAX]; /* DIR/runs, DIR/runs/ID */
    int lock, in, data, log;                       /* descriptors; -1: none */
};

/* Makes the directories of a new run. `id`: its id, 32 lower-case hex digits; NULL: random ones. ERR_INVALID: it is not one. */
int place_open(const char *ledger_dir, const char *id, struct place *ret, struct err *err);
/* A random id. */
void place_new_id(char ret[PLACE_ID]);
/* Removes the files. `ended`: the end of the run is recorded, so that nothing of it is left over: removes the lock too. */
void place_close(struct place *place, bool ended);
/* Makes such a directory below `parent`, noted in the lock; *ret is its path. */
int place_elsewhere(const struct place *place, const char *parent, char ret[FILE_PATH_MAX], struct err *err);
/* Path of a file in the run's directory, for those who take no descriptor. */
int place_path(const struct place *place, const char *dir, const char *name, char ret[FILE_PATH_MAX], struct err *err);
/* A new directory that a step may write: owned by `uid` unless that is PLACE_NOBODY. */
int place_make_out(const struct place *place, size_t step, uid_t uid, gid_t gid, int *ret, struct err *err);
/* Forgets it, whatever was put in. */
void place_drop_out(const struct place *place, size_t step);
/* A regular file that is open (also by O_PATH), with at most `max` bytes. */
struct place_source {
    int fd; /* borrowed */
    uint64_t max;
    const volatile int *stop; /* not 0: give up; NULL: never */
};
struct place_copy {
    uint64_t bytes;
    uint8_t digest[HASH_LEN];
};
/* Copies it to DIR/NAME, mode 0444, and hashes what it copies; a hole of the file is a hole of the copy. ERR_INVALID: it is not
 * a regular file. ERR_LIMIT: it has too many bytes, holes included. ERR_BUSY: it was stopped. */
int place_copy(const struct place_source *source, int dir, const char *name, struct place_copy *ret, struct err *err);

/* Removes a directory with everything in it, whatever modes and depth a step gave what it made there; *files grows by their
 * number. One that is missing is fine. */
int place_wipe(const char *path, uint64_t *files, struct err *err);

/* ---- what killed runs left ---- */

/* Called for every run whose process is gone, when its files are removed: how many there were. *ret_ended: its end is recorded
 * now, so that nothing of it is left. */
typedef int place_left_fn(void *ctx, const char *id, uint64_t files, bool *ret_ended, struct err *err);
/* A run that `each` does not end is found again next time. A ledger without runs is fine. */
int place_sweep(const char *ledger_dir, place_left_fn *each, void *ctx, struct err *err);

#endif
