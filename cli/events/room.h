/* Commands that answer from the log: query, log, show, timeline.
 *
 * Sees: call, print, open, log, view, act; not the commands beside it. Begin with query.c (the command line), then answer.h
 * (one question and how it is answered).
 *
 *   query, log  events by conditions; log is query with other defaults
 *   answer      rows: all, the first, the last, those around one, new ones
 *   answer_count, answer_sql, answer_tier, answer_clock   counts, SQL, tiers, the two clocks
 *   show        one event, every field
 *   timeline    a run as a tree; timeline_load finds its events, timeline_tier judges its calls
 *
 * Words. "Conditions" select events; "fields" select what is shown of them. "Following" means waiting for new events. */
#ifndef CLI_EVENTS_ROOM_H
#define CLI_EVENTS_ROOM_H

#endif
