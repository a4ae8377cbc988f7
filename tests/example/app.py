import flask

app = flask.Flask(__name__)


@app.get("/")
def index():
    return "ahoy"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8000)
