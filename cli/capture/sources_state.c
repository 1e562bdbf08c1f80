/* Locks say who runs; the status file says what the source wrote about itself; both together are its state. */
#include "cli/capture/sources_state.h"

#include <stdio.h>

#include "capture/sources/place.h"

void sources_state_find(const char *dir, const char *name, struct sources_state *row) {
    struct err why = {0};
    pid_t records = sources_place_holder(dir, name, SOURCES_RECORDS),
          keeps = sources_place_holder(dir, name, SOURCES_KEEPS);
    int rc = sources_status_read(dir, name, &row->status, &why);
    enum sources_phase phase = row->status.phase;
    bool ran =
        phase == SOURCES_STARTING || phase == SOURCES_RUNNING || phase == SOURCES_WAITING || phase == SOURCES_FAILING;
    row->pid = records;
    row->keeper = keeps;
    snprintf(row->error, sizeof(row->error), "%.*s", SOURCES_WORDS_MAX - 1,
             rc == 0              ? row->status.error
             : rc == ERR_NOTFOUND ? ""
                                  : why.msg);
    if (records != 0) {
        row->state = ran ? sources_phase_name(phase) : "running";
    } else if (keeps != 0) {
        row->state = phase == SOURCES_FAILED ? "failed" : phase == SOURCES_BACKOFF ? "backoff" : "starting";
    } else if (ran) {
        row->state = "failed";
        snprintf(row->error, sizeof(row->error), "it ended without saying so");
    } else {
        row->state = phase == SOURCES_FAILED || phase == SOURCES_BACKOFF ? "failed" : "stopped";
    }
}
