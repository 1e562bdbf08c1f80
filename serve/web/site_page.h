/* Pages, and the way in for people. Internal to serve/web. */
#ifndef SERVE_WEB_SITE_PAGE_H
#define SERVE_WEB_SITE_PAGE_H

#include "serve/web/site.h"

/* Whether a path is one of a page rather than of the API. */
bool page_is_path(struct bytes target);
/* A person without a session: to the page that asks for the code. */
void page_to_login(struct web *w, struct web_call *call, struct httpd_reply *reply);
/* A problem, as a page. */
void page_say_problem(struct web *w, struct httpd_reply *reply, unsigned status, const char *detail);

#endif
