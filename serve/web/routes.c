/* The table of routes.def. */
#include "serve/web/site.h"

#define ACCESS_PAGES WEB_PAGES

const struct web_route web_routes[] = {
#define ROUTE(method_, path_, id_, scope_, answer_, tool_, about_)                                                         \
    {method_, path_, id_, ACCESS_##scope_, web_answer_##answer_, tool_, about_},
#include "serve/web/routes.def"
#undef ROUTE
};
const size_t web_n_routes = sizeof(web_routes) / sizeof(web_routes[0]);
