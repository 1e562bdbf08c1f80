/* Parts of pages, and tables by columns. */
#ifndef SERVE_PAGES_PART_H
#define SERVE_PAGES_PART_H

#include "serve/pages/doc.h"
#include "serve/pages/html.h"
#include "serve/pages/page.h"

#define PART_WORDS   8
#define PART_COLUMNS 12

enum show_how {
    SHOW_TEXT,
    SHOW_STATE,  /* a word for a state, with its mark */
    SHOW_TIME,   /* ns, or a text that is a time already */
    SHOW_SEQ,    /* of an event */
    SHOW_NUMBER, /* also a size, a count */
    SHOW_MS,     /* a duration in milliseconds */
    SHOW_CODE,   /* a command */
    SHOW_RUN,    /* of a run */
    SHOW_WHY     /* a name that `noun` has, which has a state */
};
struct page_column {
    const char *member, *title;
    enum show_how how;
    const char *noun;
};

/* What a page is drawn with. */
struct page_view {
    const struct httpd_target *target;
    const struct page_about *about;
    struct bytes at; /* the moment, as it was asked for; empty: now */
    struct buf *out;
};

struct page_part {
    const char *title;
    const char
        *words[PART_WORDS]; /* of the command. "{1}": the second segment of the path; "{1+}": it and those behind it */
    const char *at;         /* its option for a page of the past; NULL: it has none, and tells of now */
    const char *now;        /* a word for a page of now alone; may be NULL */
    bool filters;           /* the page's parameters are options of this command */
    void (*draw)(const struct page_view *view, const struct page_part *part, struct bytes doc);
    const char *list; /* of `draw_rows`: the member with the rows */
    struct page_column columns[PART_COLUMNS];
    const char *empty; /* what would be here, and which command brings it: markup of ours */
};

/* ` href="/PATH?at=..."`: a path of ours whose last segments are encoded; the page stays in the past that it shows. */
void part_href(const struct page_view *view, const char *path, struct bytes segment, struct bytes second);
void part_state(struct buf *out, struct bytes state);
void part_time(struct buf *out, uint64_t ns);
void part_seq(const struct page_view *view, uint64_t seq);
/* A cell's content. */
void part_value(const struct page_view *view, const struct page_column *column, struct bytes row);
/* A table of the rows of part->list. */
void draw_rows(const struct page_view *view, const struct page_part *part, struct bytes doc);

void draw_doctor(const struct page_view *view, const struct page_part *part, struct bytes doc);
void draw_why(const struct page_view *view, const struct page_part *part, struct bytes doc);
void draw_event(const struct page_view *view, const struct page_part *part, struct bytes doc);
void draw_run(const struct page_view *view, const struct page_part *part, struct bytes doc);
void draw_histogram(const struct page_view *view, const struct page_part *part, struct bytes doc);
void draw_proof(const struct page_view *view, const struct page_part *part, struct bytes doc);
void draw_verify(const struct page_view *view, const struct page_part *part, struct bytes doc);

#endif
