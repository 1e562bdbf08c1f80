/* A page: which commands it asks, and what it makes of their answers. Pure functions. */
#ifndef SERVE_PAGES_PAGE_H
#define SERVE_PAGES_PAGE_H

#include "base/http/target.h"
#include "serve/guest/guest.h"

#define PAGE_ASKS 8

struct page_plan {
    size_t page; /* index */
    /* What is asked, without the options of every command; the first one is for the line at the top of every page. */
    struct guest_words asks[PAGE_ASKS];
    size_t n;
};
struct page_said {
    bool there; /* an answer, as JSON; otherwise `complaint` says why not */
    struct bytes out, complaint;
};
struct page_about {
    const char *origin, *version;
    const char *form; /* what forms of this session carry */
};

/* ERR_NOTFOUND: there is no page at this path. ERR_INVALID: a parameter, which the message names. Free the plan in any case. */
int page_plan(const struct httpd_target *target, struct page_plan *ret, struct err *err);
void page_plan_done(struct page_plan *plan);
/* Appends the whole document. A part whose answer is not there says so; the rest is shown. */
void page_render(const struct httpd_target *target, const struct page_plan *plan, const struct page_about *about,
                 const struct page_said *said, struct buf *out);
/* The page on which a person types the code; `wrong`: after one that was not right. */
void page_login(struct buf *out, const struct page_about *about, bool wrong);
/* A page that says what is wrong. */
void page_problem(struct buf *out, const struct page_about *about, unsigned status, const char *detail);

struct page_file {
    const char *type;
    struct bytes content;
};
/* "/style.css", "/live.js", "/icon.svg"; false: there is no such file. */
bool page_file_at(struct bytes path, struct page_file *ret);

#endif
