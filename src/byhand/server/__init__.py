"""The HTTP service: `byhand serve` for programs, `byhand lab` for the page in `byhand.web`.

::

    config.py                   settings and limits
    serving.py                  sockets, worker processes, shutdown
    app.py                      the application: routes, middleware, the page's files, the OpenAPI document
    middleware.py               access checks, body limits, request log and security headers; metrics.py counts
    responses.py, schemas.py    JSON and RFC 9457 problems; the models of every request and response
    uploads.py                  pictures and pixels from request bodies
    runtime.py                  the shared state: worker threads, model registry, reader
    registry.py, arrays.py      the networks; arrays as JSON, and the weights into each unit
    trainings.py, progress.py   training processes; the progress of any run
    routes/                     one file for each part of the interface
"""
