// A descriptor that one thread makes readable to wake another from poll(2).
#pragma once

namespace offload::process {

class Wake {
  public:
    Wake();
    ~Wake();
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;

    // Readable from ring() to clear(). -1 where no descriptor was to be had (errno says why, right
    // after the constructor): look from time to time then.
    int descriptor() const { return number_; }
    void ring() const;  // from any thread; never blocks
    void clear() const;

  private:
    int number_;
};

}  // namespace offload::process
