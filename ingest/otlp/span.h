/* A span while it is mapped. For the two files that map spans: span_read.c reads it and puts the common fields, span.c has
 * the kinds. */
#ifndef INGEST_OTLP_SPAN_H
#define INGEST_OTLP_SPAN_H

#include "ingest/otlp/map.h"

/* The known members of a span, in the order of their names. */
enum otlp_span_member {
    SPAN_ATTRIBUTES,
    SPAN_DROPPED_ATTRIBUTES,
    SPAN_DROPPED_EVENTS,
    SPAN_DROPPED_LINKS,
    SPAN_END,
    SPAN_EVENTS,
    SPAN_FLAGS,
    SPAN_KIND,
    SPAN_LINKS,
    SPAN_NAME,
    SPAN_PARENT,
    SPAN_ID,
    SPAN_START,
    SPAN_STATUS,
    SPAN_TRACE,
    SPAN_TRACE_STATE,
    SPAN_MEMBERS
};
enum otlp_event_member { EVENT_ATTRIBUTES, EVENT_DROPPED, EVENT_NAME, EVENT_TIME, EVENT_MEMBERS };
enum otlp_status_member { STATUS_CODE, STATUS_MESSAGE, STATUS_MEMBERS };

enum otlp_what { OTLP_MODEL_CALL, OTLP_TOOL_CALL, OTLP_AGENT_RUN, OTLP_STEP };

struct otlp_span {
    struct otlp_map *map;
    const struct otlp_from *from;
    struct otlp_member m[SPAN_MEMBERS], status[STATUS_MEMBERS];
    char trace[OTLP_TRACE_LEN], id[OTLP_SPAN_LEN], parent[OTLP_SPAN_LEN];
    char subject[OTLP_NAME_LEN];
    enum otlp_what what;
    struct bytes operation, name, model;
    struct bytes exception_type, exception_message; /* of the first exception among its events */
    bool failed, known;                             /* known: whether it failed */
    bool has_duration;
    uint64_t start, end, duration;
};

/* Fills map->attributes too. ERR_INVALID: it is not a span. */
int otlp_span_read(struct otlp_span *span, struct bytes record, struct err *err);
/* Fields of only the event that represents the span, its own events included. To be called before any attribute is used. */
void otlp_span_put_common(struct otlp_span *span);
/* `error` and the error message of a failed span. */
void otlp_span_put_error(struct otlp_span *span);

/* A reader on the first element of an array member, and the number of elements. */
struct mp_reader otlp_span_elements(const struct otlp_member *list, uint32_t *ret_n);
/* One of its events, with the attributes in map->inner. False: it does not have this form. */
bool otlp_span_event(struct otlp_span *span, struct bytes raw, struct otlp_member ret[EVENT_MEMBERS]);
/* The span's event is a score, which becomes an event of its own. */
bool otlp_span_is_score(struct otlp_span *span, const struct otlp_member event[EVENT_MEMBERS]);

#endif
