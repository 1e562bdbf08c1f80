/* A judge's reason, in words, and the events it rests on. */
#ifndef PROJECTIONS_VIEW_REASON_H
#define PROJECTIONS_VIEW_REASON_H

#include "projections/rows/row.h"

#define REASON_MAX 512

struct reason {
    char words[REASON_MAX]; /* NUL-terminated UTF-8; ends in "..." when cut */
    size_t n;
    uint64_t seqs[ROW_SEQS_MAX]; /* in citation order; the newest ones when there are more */
    size_t n_seqs;
    uint64_t newest, newest_at; /* the newest cited event with a known time; 0, 0: none */
};
void reason_init(struct reason *reason);
void reason_say(struct reason *reason, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Cites the event; `at` 0: its time is unknown. Events cited before keep their place. */
void reason_cite(struct reason *reason, uint64_t seq, uint64_t at);
/* Cites the seq in an integer column, if any; `at_column` SIZE_MAX: its time is unknown. */
void reason_cite_cell(struct reason *reason, const struct row *row, size_t seq_column, size_t at_column);
/* Cites all of a CELL_SEQS column, and the row's since. `base`: where its FOLD_COLUMNS begin. */
void reason_cite_row(struct reason *reason, const struct row *row, size_t base);
/* Cites all that another one cites. */
void reason_cite_all(struct reason *reason, const struct reason *other);
/* Adds the cited events to the row's evidence. */
void reason_give(const struct reason *reason, struct row *row, size_t base);

/* How many bytes of the text fit into `max`, in whole characters. */
size_t reason_fits(struct bytes text, size_t max);
/* For printf's "%.*s": as much of it as fits. */
#define REASON_PART(text, max) (int)reason_fits((text), (max)), (text).n > 0 ? (const char *)(text).p : ""
/* How much of it is kept when it is longer than `max`: whole words, and room for "...". Where there is none, whole characters. */
size_t reason_cut(struct bytes text, size_t max);
/* For printf's "%.*s%s": a message as it is, or cut after a word and with "..." at its end. */
#define REASON_CUT(text, max)                                                                                              \
    (int)reason_cut((text), (max)), (text).n > 0 ? (const char *)(text).p : "", (text).n > (max) ? "..." : ""
#define REASON_NAME(text)   REASON_PART((text), 120)
#define REASON_PATH(text)   REASON_PART((text), 300) /* its end is what tells paths apart */
#define REASON_DIGEST(text) REASON_PART((text), 19)  /* enough to recognise it: "sha256:0123456789ab" */

#endif
