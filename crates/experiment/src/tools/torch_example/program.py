def load(path=None, device="cpu"):
    """The network with its weights, ready to answer; `path` names a file of them other than the one beside this program."""
    weights = load_file(path or pathlib.Path(__file__).with_name(WEIGHTS))
#: if tells
    # Features of labeled images, where the file has them, are for foretask.
    weights.pop("familiar.features", None)
#: end
    network = Network()
    network.load_state_dict(weights)
    return network.eval().to(device)


def predict(paths, network=None, batch=32):
#: if tells
    """The probability of each of CLASSES, calibrated, for each file: [files, classes]. Puts a network of yours into evaluation mode."""
#: else
    """Features of each file: [files, FEATURES]. Puts a network of yours into evaluation mode."""
#: end
    network = load() if network is None else network.eval()
    device = next(network.parameters()).device
#: if tells
    answers = [torch.empty(0, len(CLASSES))]
#: else
    answers = [torch.empty(0, FEATURES)]
#: end
    with torch.inference_mode():
        for start in range(0, len(paths), batch):
            answer = network(tensor(paths[start : start + batch]).to(device))
#: if tells
            answer = torch.softmax(answer / TEMPERATURE, 1)
#: end
            answers.append(answer.cpu())
    return torch.cat(answers)


if __name__ == "__main__":
    for path, answer in zip(sys.argv[1:], predict(sys.argv[1:])):
#: if tells
        print(path, CLASSES[int(answer.argmax())], float(answer.max()))
#: else
        print(path, answer.tolist())
#: end
