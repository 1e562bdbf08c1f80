/* Every page as a row: its path, what it answers, and its parts. */
#ifndef SERVE_PAGES_PAGES_H
#define SERVE_PAGES_PAGES_H

#include "serve/pages/part.h"

#define PAGE_PARTS   6
#define PAGE_FILTERS 12

struct page_filter {
    const char *name, *option, *label;
};

struct page_row {
    const char *path; /* "{}" stands for a segment, "{+}" at the end for one or two */
    const char *nav;  /* its name in the navigation; NULL: it is not there */
    const char *title;
    const char *question; /* that it answers in one look */
    const char *intro;    /* markup of ours below it; may be NULL */
    bool still;           /* it does not follow the log: it costs too much, or tells of one moment */
    struct page_filter filters[PAGE_FILTERS];
    struct page_part parts[PAGE_PARTS];
};
extern const struct page_row page_rows[];
extern const size_t page_n_rows;

#endif
