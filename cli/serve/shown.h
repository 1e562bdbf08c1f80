/* What the server of 'ledger serve' answers in its own process, word for word as the commands 'show' and 'state' do with --json. */
#ifndef CLI_SERVE_SHOWN_H
#define CLI_SERVE_SHOWN_H

#include <pthread.h>

#include "cli/log/corrected.h"
#include "packs/life/installed.h"
#include "serve/access/meter.h"

#define SHOWN_READERS 8

struct shown {
    struct ledger *ledger;
    struct installed_look look;
    pthread_mutex_t lock; /* protects what follows */
    /* What later events say about earlier ones, as of `size` events. */
    struct corrected corrected;
    uint64_t size, erasures;
    struct log_reader *readers[SHOWN_READERS]; /* that nobody uses now */
    size_t n_readers;
};

void shown_init(struct shown *shown, struct ledger *ledger);
/* Appends one event as JSON, as `ledger show --json` prints it. ERR_NOTFOUND: it does not exist; ERR_TAMPERED, ERR_CORRUPT. From any thread. For
 * web_options.event. */
int shown_event(void *shown, uint64_t seq, struct buf *out, struct err *err);
/* Closes the readers that nobody uses: they would keep files that were replaced. For web_options.rest. */
void shown_rest(void *shown);
/* Writes an event about what was read or refused; for web_options.record. */
int shown_record(void *shown, const struct meter_due *due, uint64_t now, struct err *err);
void shown_done(struct shown *shown);

#endif
