X(lm)
X(translate)
X(classify)
X(transcribe)
