import sys


def main():
    print("tool", len(sys.argv))


if __name__ == "__main__":
    main()
