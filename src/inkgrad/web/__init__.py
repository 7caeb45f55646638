"""The playground: a server, and the page on which a network is watched as it learns."""

from inkgrad.extras import extra

with extra("web", "the playground needs"):
    from inkgrad.web.app import make_app
    from inkgrad.web.playground_server import serve
    from inkgrad.web.review_page import make_review_app, serve_review

__all__ = ["make_app", "make_review_app", "serve", "serve_review"]
